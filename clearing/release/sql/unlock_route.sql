-- $1 route
SELECT pg_advisory_unlock(hashtext('authhost.delivery'), $1::bigint::int)
