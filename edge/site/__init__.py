"""A site's settings: their types, how they are checked, read, shown and changed."""
