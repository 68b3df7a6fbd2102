-- What came of work on a parked row. $1 id, $2 state, $3 outcome, $4 tries more, $5 instant, $6 who, $7 what, $8 why
WITH moved AS (
    UPDATE parked_work SET state = $2, outcome = $3, tries = tries + $4, changed_at = $5 WHERE parked_id = $1 RETURNING parked_id
)
INSERT INTO parked_step (parked_id, at, who, what, why) SELECT parked_id, $5, $6, $7, $8 FROM moved
