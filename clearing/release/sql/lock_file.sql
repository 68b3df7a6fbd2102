-- $1 run id, $2 path
SELECT pg_advisory_xact_lock(hashtext('authhost.file'), hashtext($1 || '/' || $2))
