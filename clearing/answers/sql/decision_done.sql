-- A decision is carried out: its exception is closed.  $1 exceptions, $2 run id
WITH done AS (
    UPDATE exception_decision SET done_by = $2 WHERE exception_id = ANY ($1::bigint[]) RETURNING exception_id
),
closed AS (
    UPDATE clearing_exception e SET state = 'closed' FROM done WHERE e.exception_id = done.exception_id RETURNING e.exception_id
)
INSERT INTO exception_change (exception_id, event, who, note) SELECT exception_id, 'closed', 'clearing', 'carried out by ' || $2 FROM closed
