-- After a night is booked, for the controls that join its transfers with its credits.
ANALYZE (SKIP_LOCKED) ledger_transfer, clearing_credit
