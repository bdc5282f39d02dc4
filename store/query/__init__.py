"""Search language: parser, filters, matcher, tokenizer. Pure functions."""
