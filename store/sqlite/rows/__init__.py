"""Statements on sessions and messages."""
