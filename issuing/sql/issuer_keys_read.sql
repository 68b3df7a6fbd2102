-- All issuer keys, newest first.
SELECT number, public_key FROM issuer_key ORDER BY number DESC
