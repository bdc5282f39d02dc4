"""Cells, columns, schema and errors of a SQLite file."""
