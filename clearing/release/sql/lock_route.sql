-- One process at a time works at a route; the lock ends with the connection.  $1 route
SELECT pg_try_advisory_lock(hashtext('authhost.delivery'), $1::bigint::int)
