"""Health: one check per file, each of which raises and clears named issues."""
