-- $1 exception, $2 state, $3 owner, $4 decision, $5 proposed by, $6 decided by, $7 event, $8 who, $9 note
WITH moved AS (
    UPDATE clearing_exception SET state = $2, owner = $3, decision = $4, proposed_by = $5, decided_by = $6,
        note = CASE WHEN $9 = '' THEN note ELSE $9 END
    WHERE exception_id = $1 RETURNING exception_id
)
INSERT INTO exception_change (exception_id, event, who, note) SELECT exception_id, $7, $8, $9 FROM moved
