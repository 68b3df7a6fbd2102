-- Goes on from append.sql: what a deposit begins.
-- A deposit and the way of its credit, of one mind with its row.
deposits AS (
    INSERT INTO deposit (key, business_date, journal_id, terminal_id, account_id, stay_id, kind, currency, amount_minor, recorded_at,
                         withheld, credit, bank_id, rail, next_at, sequence, notes, coins)
    SELECT r.key, r.business_date, r.id, r.terminal_id, r.account_id, stay.stay_id, coalesce(r.told ->> 'kind', 'cash'), r.currency,
           r.amount_minor, r.recorded_at, r.reasons,
           CASE WHEN r.reasons <> '' OR r.account_id IS NULL THEN 'withheld'
                WHEN r.amount_minor = 0 OR a.credit_rule = 'count' OR r.told ->> 'kind' <> 'cash' THEN 'none'
                WHEN a.credit_rule = 'instant' AND b.status = 'active' AND b.endpoint <> '' AND rail.name IS NOT NULL
                    AND o.account_id IS NULL THEN 'queued'
                ELSE 'night' END,
           a.bank_id, coalesce(rail.name, ''), r.recorded_at, coalesce((r.told ->> 'sequence')::bigint, 0),
           coalesce((r.told ->> 'notes')::int, 0), coalesce((r.told ->> 'coins')::int, 0)
    FROM (
        -- json is read anew for each of its fields: once is enough.
        SELECT key, business_date, id, terminal_id, account_id, currency, amount_minor, recorded_at, detail::jsonb AS told,
               CASE WHEN flags LIKE '%withheld:%' THEN (
                   SELECT string_agg(substr(flag, 10), ',') FROM string_to_table(flags, ',') flag WHERE flag LIKE 'withheld:%')
               ELSE '' END AS reasons
        FROM ready WHERE kind = 'deposit' AND leg = 0 AND key IN (SELECT key FROM claimed) OFFSET 0) r
    LEFT JOIN account a USING (account_id)
    LEFT JOIN bank b USING (bank_id)
    LEFT JOIN account_owing o USING (account_id)
    LEFT JOIN LATERAL (
        -- A device may leave its cassette out: the one inside is meant, or, where it comes after a swap with a later number, the one that left.
        SELECT c.stay_id FROM (SELECT coalesce(r.told ->> 'cassette', (
            SELECT m.content ->> 'out' FROM safe_message m
            WHERE m.terminal_id = r.terminal_id AND m.sequence > (r.told ->> 'sequence')::bigint AND m.kind = 'swap'
            ORDER BY m.sequence LIMIT 1)) AS cassette) named
        JOIN cassette_stay c ON c.terminal_id = r.terminal_id
            AND (c.cassette_id = named.cassette OR (named.cassette IS NULL AND c.state = 'in_safe'))
        ORDER BY c.stay_id DESC LIMIT 1) stay ON true
    LEFT JOIN LATERAL (
        SELECT e ->> 'rail' AS name FROM jsonb_array_elements(b.rails) e
        WHERE a.credit_rule = 'instant' AND e ->> 'currency' = r.currency LIMIT 1) rail ON true
    RETURNING key, terminal_id, stay_id, account_id, currency, amount_minor, recorded_at, withheld, credit
),
cases AS (
    INSERT INTO cash_case (kind, terminal_id, stay_id, deposit_key, account_id, currency, amount_minor, content, opened_at)
    SELECT 'withheld', terminal_id, stay_id, key, account_id, currency, amount_minor,
           jsonb_build_object('reasons', string_to_array(withheld, ',')), recorded_at
    FROM deposits WHERE credit = 'withheld'
    ON CONFLICT DO NOTHING
),
-- A note that the safe takes for counterfeit was never credited; the authorities want to know of it.
suspects AS (
    INSERT INTO cash_case (kind, terminal_id, stay_id, deposit_key, account_id, currency, content, opened_at)
    SELECT 'counterfeit', d.terminal_id, d.stay_id, d.key, d.account_id, d.currency, '{"told_by": "safe"}', d.recorded_at
    FROM deposits d JOIN ready r USING (key)
    WHERE r.leg = 0 AND CASE WHEN r.flags LIKE '%suspects%' THEN EXISTS (
        SELECT FROM (
            SELECT coalesce(s ->> 'category', '2') AS category FROM json_array_elements(r.detail -> 'suspects') s
            UNION ALL SELECT p ->> 'category' FROM json_array_elements(r.detail -> 'denominations') p) t
        JOIN note_category USING (category) WHERE reported) ELSE false END
    ON CONFLICT DO NOTHING
)
SELECT version,
       (SELECT array_agg(key) FROM claimed) AS claimed,
       (SELECT array_agg(DISTINCT key) FROM ready WHERE late AND key IN (SELECT key FROM claimed)) AS late
FROM rules_now
