"""Links to devices, and what went over them: lines, captures, replay."""
