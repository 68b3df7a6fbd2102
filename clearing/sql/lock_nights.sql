-- One process at a time looks after the nights of a stream; the lock ends with the connection.  $1 the stream
SELECT pg_try_advisory_lock(hashtext('authhost.nights'), hashtext($1))
