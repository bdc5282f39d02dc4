"""Statements by which people keep sessions in order: to the trash and back, marks."""
