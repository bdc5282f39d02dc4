"""Verbs and recorder that agents use."""
