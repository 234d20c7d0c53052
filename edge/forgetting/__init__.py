"""Erases one person's number from all that this box keeps, and says what it could not reach."""
