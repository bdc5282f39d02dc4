"""Sessions kept in order by people: delete with trash and undo, names, marks."""
