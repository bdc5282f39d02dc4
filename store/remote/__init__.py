"""A home on another machine, read over one ssh connection (docs/decisions/0036-homes-by-ssh.md)."""
