"""Caller-ID boxes and their kin: what a unit says of each analogue line, and the calls in it."""
