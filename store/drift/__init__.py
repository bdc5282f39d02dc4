"""Comparison of the two sources of each session, and the remembered results."""
