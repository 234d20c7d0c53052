"""The calls of the last days for people: found quickly, filtered, told with all that happened."""
