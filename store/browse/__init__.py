"""Read verbs of screen and command line; nothing here writes."""
