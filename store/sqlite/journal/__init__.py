"""The one table of ours in a state.db: keys of appends and steps of repairs."""
