"""What is plugged in, and which driver fits it."""
