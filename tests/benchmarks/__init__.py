"""Measurements as ratios of one run, against the peer or the bare library; each is a command of its own."""
