"""Calls of tools and their results, drawn as what they are (docs/look.md §7, §13)."""
