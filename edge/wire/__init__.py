"""What a device sent, byte by byte: kept, shown, recorded and played again."""
