-- One statement of an account at a time: what one has seen the next must know.  $1 account
SELECT pg_advisory_xact_lock(hashtext('authhost.statement'), hashtext($1))
