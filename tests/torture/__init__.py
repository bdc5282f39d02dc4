"""The store under fire: failing disks, lost power, killed programs, crowds; `python -m tests.torture [--full]`."""
