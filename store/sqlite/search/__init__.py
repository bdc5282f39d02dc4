"""Full-text search on the indexes of a Hermes file, and the scans that stand in for them."""
