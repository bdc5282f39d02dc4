"""Statements of a repair: steps, raw rows, moved rows."""
