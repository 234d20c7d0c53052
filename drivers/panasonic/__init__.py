"""Panasonic exchanges: their call log (SMDR) over RS-232C or TCP."""
