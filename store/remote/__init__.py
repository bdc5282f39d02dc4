"""A home on another machine, read over one ssh connection (docs/decisions/0038-ssh.md)."""
