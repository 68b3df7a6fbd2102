-- One at a time works on a parked row; who finds it locked is told so. $1 id
SELECT state, tries, outcome, changed_at FROM parked_work WHERE parked_id = $1 FOR UPDATE NOWAIT
