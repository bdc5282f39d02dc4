"""Statements on sessions and messages: reads and writes of rows."""
