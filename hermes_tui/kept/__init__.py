"""State kept across runs: the user's file, its values and their merge."""
