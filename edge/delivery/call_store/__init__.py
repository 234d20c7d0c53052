"""CRMs that keep a call as a call with channels, one for each line and extension in it."""
