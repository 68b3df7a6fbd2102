-- A safe's request: the one that is not over, needed by the earlier time, or a new one.
INSERT INTO pickup_request AS p (terminal_id, stay_id, courier_id, reason, needed_by, content, made_at, changed_at, changed_by)
VALUES ($1, $2, $3, $4, $5, $6::text::jsonb, $8::timestamptz, $8, $7)
ON CONFLICT (terminal_id) WHERE state IN ('open', 'accepted')
DO UPDATE SET needed_by = least(p.needed_by, excluded.needed_by), content = excluded.content,
    changed_at = excluded.changed_at, changed_by = excluded.changed_by
RETURNING pickup_id
