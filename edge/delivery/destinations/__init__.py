"""One package for each kind of CRM."""
