"""The demo: a simulated exchange and direct lines, a box and a CRM, and a look at them all."""
