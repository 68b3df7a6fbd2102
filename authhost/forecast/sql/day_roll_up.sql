-- A closed business date by safe and day of the safe's own clock, from the journal. A day that cannot be is taken from the host's clock:
-- one that is none, to come, or long ago (29 February too: it is not worth a test for leap years).
INSERT INTO safe_day (terminal_id, local_day, business_date, notes, coins, deposits)
SELECT terminal_id, CASE WHEN told BETWEEN host_day - 45 AND host_day + 1 THEN told ELSE host_day END, $1, sum(notes), sum(coins), count(*)
FROM (
    SELECT j.terminal_id, (j.recorded_at AT TIME ZONE s.time_zone)::date AS host_day,
           CASE WHEN j.detail ->> 'local_time' ~
               '^20[0-9]{2}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)'
               THEN left(j.detail ->> 'local_time', 10)::date END AS told,
           coalesce((j.detail ->> 'notes')::bigint, counted.notes, 0) AS notes, coalesce((j.detail ->> 'coins')::bigint, counted.coins, 0) AS coins
    FROM journal j JOIN safe s USING (terminal_id)
    LEFT JOIN LATERAL (
        -- A door that does not say how many pieces says which.
        SELECT sum((e ->> 'count')::bigint) FILTER (WHERE e ->> 'kind' IS DISTINCT FROM 'coin') AS notes,
               sum((e ->> 'count')::bigint) FILTER (WHERE e ->> 'kind' = 'coin') AS coins
        FROM json_array_elements(CASE json_typeof(j.detail -> 'denominations') WHEN 'array' THEN j.detail -> 'denominations' END) e
        WHERE j.detail ->> 'notes' IS NULL AND j.detail ->> 'coins' IS NULL) counted ON true
    WHERE j.business_date = $1 AND j.kind = 'deposit' AND j.leg = 0 AND j.approved
) one
GROUP BY 1, 2
