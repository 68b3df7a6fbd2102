-- One run at a time is linked: each goes on from the chain digest of the one before.
SELECT pg_advisory_xact_lock(hashtext('authhost.ledger'))
