"""Kafka's messages as classes, one file per API: names and defaults are Kafka's (see `impl.wire.message`)."""
