"""State of the screens as plain objects, without Textual."""
