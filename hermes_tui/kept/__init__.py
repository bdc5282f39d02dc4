"""What is kept across runs: the user's state file, its values and their merge."""
