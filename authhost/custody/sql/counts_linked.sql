-- Counts without a stay whose cassette has one now that had ended when it was counted, with their undecided cases, locked: what two
-- people are deciding about in this moment is theirs.
WITH found AS MATERIALIZED (
    SELECT c.count_id, w.case_id, stay_of_count(c.cassette_id, c.counted_at) AS stay_id
    FROM cash_case w JOIN cash_count c ON c.count_id = (w.content ->> 'count_id')::bigint
    WHERE w.kind = 'unknown_cassette' AND w.state IN ('open', 'proposed') AND c.stay_id IS NULL
    ORDER BY w.case_id LIMIT $1 FOR UPDATE OF w SKIP LOCKED
),
moved AS (
    UPDATE cash_count c SET stay_id = f.stay_id FROM found f WHERE c.count_id = f.count_id AND f.stay_id IS NOT NULL
)
SELECT case_id, stay_id FROM found WHERE stay_id IS NOT NULL ORDER BY case_id
