"""Interface between the store and a database engine, and the values that cross it."""
