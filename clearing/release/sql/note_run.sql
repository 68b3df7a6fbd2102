-- The same event for every file of the manifest, but for those that are in this state or have passed it.  $1 run id, $2 state, $3 who
WITH passed AS (
    SELECT $2 AS state
    UNION
    SELECT after FROM file_passed WHERE before = $2
)
INSERT INTO file_event (run_id, path, state, who)
SELECT f.run_id, f.path, $2, $3
FROM clearing_file f
WHERE f.run_id = $1
  AND NOT EXISTS (SELECT FROM file_event e JOIN passed USING (state) WHERE e.run_id = f.run_id AND e.path = f.path)
ORDER BY f.path
