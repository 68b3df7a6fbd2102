-- How safes are, by their ids. $1 account, $2 bank, $3 courier: the scope. $4 now. $5 site, $6 courier, $7 safe, $8 state: what is asked
-- for, '' is any. $9: after this safe. Pieces are of all its clients, deposits and amounts of the scope.
WITH safes AS (
    SELECT s.terminal_id, t.site_id, s.courier_id, s.model, s.software, s.cassette_id, s.shift, s.signed_on_at, s.last_seen_at, s.silent_min,
           s.fill::text AS fill, s.fill_percent, s.note_capacity, s.coin_capacity, inside.notes, inside.coins,
           alarm.code AS alarm, alarm.severity, alarm.recorded_at AS alarm_at,
           (SELECT coalesce(array_agg(a.code ORDER BY a.code), '{}') FROM safe_alarm a WHERE a.terminal_id = s.terminal_id) AS seen_here,
           CASE WHEN t.status <> 'active' THEN 'blocked'
                WHEN s.signed_off THEN 'off'
                WHEN s.last_seen_at IS NULL OR s.silent_min > 0 AND s.last_seen_at < $4::timestamptz - make_interval(mins => s.silent_min) THEN 'silent'
                WHEN alarm.severity = 'alarm' THEN 'alarm'
                WHEN greatest(inside.notes, own.notes) * 100 >= s.note_capacity::bigint * s.fill_percent AND s.note_capacity > 0
                  OR greatest(inside.coins, own.coins) * 100 >= s.coin_capacity::bigint * s.fill_percent AND s.coin_capacity > 0 THEN 'full'
                ELSE 'ok' END AS state
    FROM safe s
    JOIN terminal t USING (terminal_id)
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(d.notes), 0)::bigint AS notes, coalesce(sum(d.coins), 0)::bigint AS coins
        FROM cassette_stay y JOIN deposit d USING (stay_id)
        WHERE y.terminal_id = s.terminal_id AND y.state = 'in_safe' AND d.state IN ('reported', 'provisional')) AS inside
    -- The safe's own word; what is no number is no word.
    CROSS JOIN LATERAL (
        SELECT CASE jsonb_typeof(s.fill -> 'notes') WHEN 'number' THEN (s.fill ->> 'notes')::numeric END AS notes,
               CASE jsonb_typeof(s.fill -> 'coins') WHEN 'number' THEN (s.fill ->> 'coins')::numeric END AS coins) AS own
    LEFT JOIN LATERAL (
        SELECT m.content ->> 'code' AS code, m.content ->> 'severity' AS severity, m.recorded_at FROM safe_message m
        WHERE m.terminal_id = s.terminal_id AND m.kind = 'alarm' AND m.recorded_at > clock_timestamp() - interval '1 day'
        ORDER BY m.recorded_at DESC LIMIT 1) AS alarm ON true
    WHERE s.terminal_id > $9 AND ($3::text IS NULL OR s.courier_id = $3)
      AND ($1::bigint IS NULL OR EXISTS (SELECT FROM safe_client c WHERE c.terminal_id = s.terminal_id AND c.account_id = $1))
      AND ($2::text IS NULL OR EXISTS (SELECT FROM safe_client c JOIN account a USING (account_id)
                                       WHERE c.terminal_id = s.terminal_id AND a.bank_id = $2))
      AND ($5 = '' OR t.site_id = $5) AND ($6 = '' OR s.courier_id = $6) AND ($7 = '' OR s.terminal_id = $7)
)
SELECT safes.*, mine.deposits, mine.withheld, mine.amounts::text AS amounts
FROM safes
CROSS JOIN LATERAL (
    SELECT coalesce(sum(deposits), 0)::bigint AS deposits, coalesce(sum(withheld), 0)::bigint AS withheld,
           coalesce(jsonb_object_agg(currency, amount_minor) FILTER (WHERE currency IS NOT NULL), '{}') AS amounts
    FROM (
        SELECT d.currency, count(*) AS deposits, count(*) FILTER (WHERE d.credit = 'withheld') AS withheld,
               sum(d.amount_minor)::bigint AS amount_minor
        FROM cassette_stay y JOIN deposit d USING (stay_id)
        WHERE y.terminal_id = safes.terminal_id AND y.state = 'in_safe' AND d.state IN ('reported', 'provisional')
          AND ($1::bigint IS NULL OR d.account_id = $1) AND ($2::text IS NULL OR d.bank_id = $2)
        GROUP BY d.currency) AS by_currency
) AS mine
WHERE $8 = '' OR state = $8
ORDER BY terminal_id LIMIT $10
