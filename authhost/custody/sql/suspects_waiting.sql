-- Cases of suspected counterfeits that a safe told, and that have no deadline yet: append.sql has opened them. A piece may be told by itself,
-- or among the denominations by its category; of those at most 200 of a line are put down one by one.
SELECT c.case_id, d.key, d.account_id, d.currency, d.recorded_at, coalesce((
    SELECT json_agg(json_build_object('value_minor', t.value_minor, 'currency', t.currency, 'category', t.category, 'serial', t.serial))
    FROM (
        SELECT (s ->> 'value_minor')::bigint AS value_minor, coalesce(s ->> 'currency', d.currency) AS currency,
               coalesce(s ->> 'category', '2') AS category, coalesce(s ->> 'serial', '') AS serial
        FROM json_array_elements(j.detail -> 'suspects') s
        UNION ALL
        SELECT (p ->> 'value_minor')::bigint, d.currency, p ->> 'category', ''
        FROM json_array_elements(j.detail -> 'denominations') p, generate_series(1, least((p ->> 'count')::bigint, 200))) t
    JOIN note_category n USING (category) WHERE n.reported), '[]')::text AS suspects
FROM cash_case c JOIN deposit d ON d.key = c.deposit_key
JOIN journal j ON j.business_date = d.business_date AND j.id = d.journal_id
WHERE c.kind = 'counterfeit' AND c.due_at IS NULL AND c.state <> 'closed'
ORDER BY c.case_id LIMIT $1 FOR UPDATE OF c SKIP LOCKED
