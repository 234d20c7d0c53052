"""Tests that a technician asks for: what of a device or a CRM works, step by step."""
