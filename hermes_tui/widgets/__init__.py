"""Widgets: they take safe lines and report by message."""
