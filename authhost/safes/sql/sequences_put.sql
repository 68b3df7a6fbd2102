-- Numbers of safes that came. $1 terminals, each once, $2 their numbers as text of a multirange, $3 now, $4 the most ranges of a safe,
-- $5 how many are kept where there are more: the oldest gaps are given up, and an alarm says so.
-- In their order: who writes the numbers of the same safes at this moment waits, and locks nobody out.
WITH given AS MATERIALIZED (SELECT * FROM unnest($1::text[], $2::text[]) AS t (terminal_id, numbers)),
locked AS MATERIALIZED (
    SELECT s.terminal_id,
           -- A range takes 21 bytes: most safes need no counting.
           CASE WHEN pg_column_size(s.sequence_seen + g.numbers::int8multirange) < $4::integer * 16 THEN false
                ELSE (SELECT count(*) > $4 FROM unnest(s.sequence_seen + g.numbers::int8multirange)) END AS too_many
    FROM safe s JOIN given g USING (terminal_id)
    WHERE NOT s.sequence_seen @> g.numbers::int8multirange
    ORDER BY s.terminal_id FOR NO KEY UPDATE OF s
),
put AS (
    UPDATE safe s SET last_seen_at = greatest(s.last_seen_at, $3),
           sequence_seen = CASE WHEN l.too_many THEN numbers_kept(s.sequence_seen + g.numbers::int8multirange, $5)
                                ELSE s.sequence_seen + g.numbers::int8multirange END
    FROM given g, locked l WHERE l.terminal_id = g.terminal_id AND s.terminal_id = g.terminal_id
    RETURNING s.terminal_id, l.too_many,
              CASE WHEN l.too_many THEN (SELECT min(upper(r)) - 1 FROM unnest(s.sequence_seen) AS r) END AS given_up_to
),
again AS (
    UPDATE safe_alarm a SET last_at = $3 FROM put p WHERE p.too_many AND a.terminal_id = p.terminal_id AND a.code = 'numbers'
),
raised AS (
    INSERT INTO safe_alarm (terminal_id, code, since, last_at) SELECT terminal_id, 'numbers', $3, $3 FROM put WHERE too_many
    ON CONFLICT DO NOTHING RETURNING terminal_id
)
INSERT INTO safe_event (at, terminal_id, code, state, severity, detail)
SELECT $3, terminal_id, 'numbers', 'raised', 'warning', jsonb_build_object('given_up_to', p.given_up_to)
FROM raised JOIN put p USING (terminal_id)
