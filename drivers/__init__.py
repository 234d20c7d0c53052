"""Drivers talk to devices; they know nothing of who listens."""
