"""The search language: parsing, filters, matching, tokens. Pure functions."""
