"""A broker of MQTT 5, for a centre that takes in the events of many boxes through a cluster."""
