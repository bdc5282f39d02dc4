"""Repairs: plan, apply, undo."""
