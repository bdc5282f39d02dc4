"""Files of a Hermes home beside its database, and our own outbox and cache."""
