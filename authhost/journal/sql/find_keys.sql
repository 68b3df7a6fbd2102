-- Which of these keys are there as originals; a tombstone (6) is none.
SELECT key, state FROM claim WHERE key = ANY ($1::text[]) AND state <> 6
