"""The tests. A package, so that `python -m tests.crash` finds its own modules."""
