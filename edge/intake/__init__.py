"""From a fact to an event."""
