"""The pages for the technician: a process of its own that asks the edge and keeps nothing."""
