"""What a technician does with a box as a whole: back it up, renew it, show it to support."""
