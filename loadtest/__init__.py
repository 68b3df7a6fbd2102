"""Benchmarks, each a command that prints JSON, and the load scenarios.

Knows: every public room. Must not know: their private parts, or they would measure another thing.
"""
