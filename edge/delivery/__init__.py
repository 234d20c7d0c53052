"""From the journal to every CRM."""
