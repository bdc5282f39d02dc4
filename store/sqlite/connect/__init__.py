"""Connections: the readers, the one writer, the queue between processes, new files, copies."""
