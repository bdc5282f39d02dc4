"""Values, errors, JSON rules and file access shared by every other part of the store."""
