"""A realistic sample home, and an agent in its own process that writes into it."""
