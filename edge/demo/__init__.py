"""The demo: a simulated exchange, a box and a CRM on one machine, and a look at all three."""
