-- One at a time may reconcile a shift. $1 terminal, $2 shift
SELECT pg_advisory_xact_lock(hashtextextended($1 || '/' || $2, 8))
