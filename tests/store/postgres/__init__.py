"""Tests of the PostgreSQL engine on a real server."""
