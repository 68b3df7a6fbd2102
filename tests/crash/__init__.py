"""Kills host, Valkey and PostgreSQL with -9 under load, and judges from the client's own record.

    python -m tests.crash --kills 20 --seed 1 --json

Knows the wire and the tables of the journal; asks the host nothing about itself. What each planted
bug of tests/planted turns non-zero here is in test_planted.py.
"""
