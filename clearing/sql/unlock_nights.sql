-- $1 the stream
SELECT pg_advisory_unlock(hashtext('authhost.nights'), hashtext($1))
