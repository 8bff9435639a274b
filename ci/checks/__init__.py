"""Checks of the tree itself. Each module is one check: `python3 -m checks.NAME` prints what is wrong and exits 1."""
