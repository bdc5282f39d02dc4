"""Full-text search on the indexes of a Hermes file, and scans in their place."""
