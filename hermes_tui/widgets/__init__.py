"""The widgets: they take safe lines and tell by message."""
