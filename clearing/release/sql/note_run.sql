-- The same event for every file of a manifest, but for those that are in this state or have passed it.
-- $1 run id, $2 state, $3 who, $4 part
WITH passed AS (
    SELECT $2 AS state
    UNION
    SELECT after FROM file_passed WHERE before = $2
)
INSERT INTO file_event (run_id, path, state, who)
SELECT f.run_id, f.path, $2, $3
FROM clearing_file f
WHERE f.run_id = $1 AND f.part = $4
  -- Not by a join: of a run that is fresh the planner knows no numbers, and would look at all its events for each of its files.
  AND f.path NOT IN (SELECT e.path FROM file_event e WHERE e.run_id = $1 AND e.state IN (SELECT state FROM passed))
ORDER BY f.path
