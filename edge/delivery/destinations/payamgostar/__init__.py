"""PayamGostar's telephony interface: a call with a channel for each line and extension."""
