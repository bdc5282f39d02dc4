"""Copies of homes on a central server."""
