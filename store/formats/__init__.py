"""Stored forms of sessions and messages: parsing, encoding, alignment. Pure functions."""
