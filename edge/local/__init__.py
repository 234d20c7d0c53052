"""The edge as its own box sees it: one process per data directory, and a socket to ask it."""
