"""Connections: readers, the writer, the queue between processes, new files, backups."""
