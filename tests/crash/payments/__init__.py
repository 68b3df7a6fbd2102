"""Kills host, PostgreSQL, Valkey and the payers' banks' connector at every transition of a payment
and of what its bank is asked, and at every step beside them; judges by the bank's own books, and by
what merchant and payer are shown.

    python -m tests.crash --channel payments --seed 1 --json
    python -m tests.crash --channel payments --seed 1 --every      # in each moment
    python -m tests.crash --channel payments --sample 20           # twenty of them by chance
    python -m tests.crash --channel payments --only "unknown pay" --planted new_debit_name_each_try

The points are made from the table of `authhost/payments/life.py`, and from that of the outbox in
`points.py`; a transition without a kill point, or without an act that brings it about, fails the
run at once, and one at which nobody was killed fails it at its end.
"""
