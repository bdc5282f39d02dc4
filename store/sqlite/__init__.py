"""SQLite engine: the only package with SQL and apsw."""
