"""Keeps every event on disk, in order, until each destination has it and afterwards as history."""
