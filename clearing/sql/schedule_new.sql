-- Another schedule of a stream, who has said so, and how it was before. What is null stays; where nothing moves, nothing is said.
-- $1 stream, $2 time zone, $3 cut-off, $4 calendar, $5 the banks' calendar, $6 who, $7 in which role
WITH before AS (
    SELECT * FROM day_schedule WHERE stream = $1 FOR UPDATE
),
moved AS (
    UPDATE day_schedule s
    SET time_zone = coalesce($2, s.time_zone), cut_off = coalesce($3, s.cut_off), calendar = coalesce($4, s.calendar),
        bank_calendar = coalesce($5, s.bank_calendar)
    FROM before WHERE s.stream = before.stream
    RETURNING s.*
),
changes AS (
    SELECT json_object_agg(key, json_build_array(b.value, m.value) ORDER BY key) AS change
    FROM (SELECT (jsonb_each(to_jsonb(before))).* FROM before) b
    JOIN (SELECT (jsonb_each(to_jsonb(moved))).* FROM moved) m USING (key)
    WHERE b.value <> m.value
)
INSERT INTO audit (who, role, subject, what, change)
SELECT $6, $7, 'day_schedule/' || stream,
       format('days of %s: cut-off %s %s, calendar %s, banks %s', stream, cut_off, time_zone, calendar, bank_calendar), change
FROM moved CROSS JOIN changes WHERE change IS NOT NULL
