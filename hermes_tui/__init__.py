"""A terminal browser for the transcripts of Hermes Agent."""
