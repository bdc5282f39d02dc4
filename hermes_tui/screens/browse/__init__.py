"""The browser: list, search and transcript."""
