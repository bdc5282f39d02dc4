"""The PostgreSQL engine: schemas of Hermes Agent, which are only read, and schemas of ours (docs/postgres.md)."""
