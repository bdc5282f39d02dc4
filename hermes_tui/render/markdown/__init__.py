"""Markdown as lines: a parser's tokens, drawn by rules of our own (docs/look.md §7, §13)."""
