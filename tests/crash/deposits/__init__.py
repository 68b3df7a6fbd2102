"""Kills host, PostgreSQL and the connector at every transition of a deposit, and at every step of
custody and of the night beside it; judges from the banks' own books and from what lies in the
safes.

    python -m tests.crash --channel deposits --seed 1 --json
    python -m tests.crash --channel deposits --seed 1 --every      # in each moment, half an hour
    python -m tests.crash --channel deposits --sample 20           # twenty of them by chance
    python -m tests.crash --channel deposits --only "unknown accept" --planted new_name_each_try

The points are made from the tables of `authhost/safes/life.py`; a transition without a kill point,
or without an act that brings it about, fails the run at once, and one at which nobody was killed
fails it at its end.
"""
