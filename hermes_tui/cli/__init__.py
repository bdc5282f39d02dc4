"""Verbs without a screen."""
