-- One run of a day at a time; the lock ends with the connection.
SELECT pg_try_advisory_lock(hashtext('authhost.clearing'), hashtext($1))
