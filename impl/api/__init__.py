"""Kafka's requests translated: wire messages on one side, the core's messages on the other. Start at `registry`."""
