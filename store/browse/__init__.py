"""Verbs that a screen and a command line use; nothing here writes."""
