SELECT pg_try_advisory_lock(hashtext('authhost.clearing'), hashtext($1))
