"""Readers of the files of a Hermes home beside its database, and our own spool and cache."""
