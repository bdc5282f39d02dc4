"""Our table in a state.db: keys of appends, steps of repairs, blocks of repaired rows."""
