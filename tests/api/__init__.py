"""The public API of the store, as a text that is kept."""
