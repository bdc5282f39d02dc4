"""Exports: sessions read page by page through the one reading of the store, and the files that they are written to."""
