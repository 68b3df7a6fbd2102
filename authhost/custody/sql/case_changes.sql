-- What happened to a case.
SELECT event, at, who, why FROM case_change WHERE case_id = $1 ORDER BY id
