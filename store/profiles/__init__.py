"""All profiles of a root as one store."""
