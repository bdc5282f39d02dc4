"""One stream of hits from the database and from files, and their ranking."""
