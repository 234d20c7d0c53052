"""The running edge: its parts, put together, started and ended one by one."""
