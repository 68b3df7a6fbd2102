-- What lock_run has taken, on a connection that goes on.  $1 run id
SELECT pg_advisory_unlock(hashtext('authhost.clearing'), hashtext($1))
