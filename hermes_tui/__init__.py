"""A terminal browser for the transcripts of Hermes Agent."""

__version__ = "0.1.0"
