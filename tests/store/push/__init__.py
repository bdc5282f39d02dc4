"""Tests of pushes to a real server."""
