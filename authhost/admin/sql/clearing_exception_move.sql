-- $1 exception, $2 state, $3 owner, $4 decision, $5 proposed by, $6 decided by, $7 what the decision names, $8 whose that is, $9 event, $10 who,
-- $11 note
WITH moved AS (
    UPDATE clearing_exception SET state = $2, owner = $3, decision = $4, proposed_by = $5, decided_by = $6, target = $7, target_account_id = $8,
        note = CASE WHEN $11 = '' THEN note ELSE $11 END
    WHERE exception_id = $1 RETURNING exception_id
)
INSERT INTO exception_change (exception_id, event, who, note) SELECT exception_id, $9, $10, $11 FROM moved
