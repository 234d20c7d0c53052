"""The CRM's side of the link: its contract and a reference server."""
