"""Pure drawing: models and a width in, lines out."""
