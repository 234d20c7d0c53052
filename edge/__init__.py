"""Keeps what drivers report until every CRM has it."""
