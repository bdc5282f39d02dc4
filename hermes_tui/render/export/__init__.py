"""Exports of sessions as text: one module for each format; pure, piece by piece, so that nothing is held."""
