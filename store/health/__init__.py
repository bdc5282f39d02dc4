"""State of a store, check by check."""
