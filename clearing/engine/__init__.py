"""The night's set operations as one set of ibis expressions, and the engines that run them.

Knows the staged tables, the expressions over them and three engines; must not know files for
banks, settings of parties, or how a ledger is kept.
"""
