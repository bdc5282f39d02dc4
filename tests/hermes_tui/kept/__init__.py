"""Tests of what is kept across runs."""
