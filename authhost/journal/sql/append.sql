-- The one write path: a batch of rows, their claims and their journal rows, or nothing.
-- The legs of a message follow each other, the first is 0: their ids follow its own.
-- Locks first (rules, then fences in order), so that what is read after them is what holds; then the claims in key order.
WITH input AS MATERIALIZED (
    SELECT t.* FROM (SELECT $1::batch AS b) AS given, unnest(
        (b).key, (b).leg, (b).fingerprint, (b).answer, (b).door, (b).state, (b).remaining, (b).expires_us,
        (b).approval_code, (b).alias, (b).kind, (b).approved, (b).action, (b).reason, (b).requested_minor,
        (b).amount_minor, (b).posted_minor, (b).currency, (b).terminal_id, (b).merchant_id, (b).site_id,
        (b).original_key, (b).flags, (b).pan_masked, (b).decided_ms, (b).rules_version, (b).deadline_us,
        (b).account_id, (b).fence, (b).card_id, (b).vehicle_id, (b).driver_id, (b).day, (b).week, (b).month,
        (b).money, (b).volume, (b).count, (b).detail, (b).pin_tries, (b).minute, (b).products, (b).subaccount_id, (b).second_card_id, (b).odometer,
        (b).engine_hours, (b).extends
    ) AS t (
        key, leg, fingerprint, answer, door, state, remaining, expires_us,
        approval_code, alias, kind, approved, action, reason, requested_minor, amount_minor,
        posted_minor, currency, terminal_id, merchant_id, site_id, original_key, flags, pan_masked,
        decided_ms, rules_version, deadline_us, account_id, fence, card_id, vehicle_id,
        driver_id, day, week, month, money, volume, count,
        detail, pin_tries, minute, products, subaccount_id, second_card_id, odometer, engine_hours, extends
    )
),
rules_now AS MATERIALIZED (SELECT version, business_date FROM rules FOR SHARE),
fences AS MATERIALIZED (
    SELECT f.account_id, f.fence FROM fence f WHERE f.account_id = ANY ($2::bigint[]) ORDER BY f.account_id FOR SHARE
),
fenced AS MATERIALIZED (
    SELECT i.key FROM input i LEFT JOIN fences f USING (account_id)
    WHERE i.account_id IS NOT NULL AND i.fence IS DISTINCT FROM f.fence
),
-- By key, not by the order of rows: the planner is free to join them in another one.
numbered AS MATERIALIZED (SELECT key, nextval('journal_id') AS first_id FROM input WHERE leg = 0),
ready AS MATERIALIZED (
    SELECT i.*, r.business_date, n.first_id + i.leg AS id, clock_timestamp() AS recorded_at,
           i.deadline_us > 0 AND extract(epoch FROM clock_timestamp()) * 1000000 > i.deadline_us AS late
    FROM input i JOIN numbered n USING (key) CROSS JOIN rules_now r
    WHERE i.rules_version = r.version AND i.key NOT IN (SELECT key FROM fenced)
),
aliased AS (
    INSERT INTO claim (key, fingerprint, door, business_date, journal_id, state, refers_to)
    SELECT alias, fingerprint, door, business_date, 0, 13, key FROM ready WHERE leg = 0 AND alias <> ''
        -- A number that has another content already is refused, and spends nothing.
        AND NOT EXISTS (SELECT FROM claim c WHERE c.key = ready.key AND c.fingerprint <> ready.fingerprint)
    ORDER BY alias
    ON CONFLICT DO NOTHING RETURNING key, refers_to
),
claimed AS (
    INSERT INTO claim (key, fingerprint, answer, door, business_date, journal_id, state, remaining, expires_at, approval_code, extends)
    SELECT key, fingerprint, CASE WHEN late THEN NULL ELSE answer END, door, business_date, id,
           CASE WHEN late THEN 7 ELSE state END, CASE WHEN late THEN 0 ELSE remaining END,
           CASE WHEN expires_us > 0 AND NOT late THEN to_timestamp(expires_us / 1000000.0) END, approval_code, nullif(extends, '')
    FROM ready WHERE leg = 0 AND (alias = '' OR (alias, key) IN (SELECT key, refers_to FROM aliased)) ORDER BY key
    ON CONFLICT DO NOTHING RETURNING key
),
written AS (
    INSERT INTO journal
    SELECT business_date, id, key, leg, kind, approved AND NOT late,
           CASE WHEN late THEN '911' ELSE action END, CASE WHEN late THEN 'late' ELSE reason END, approval_code,
           requested_minor, CASE WHEN late THEN 0 ELSE amount_minor END, CASE WHEN late THEN 0 ELSE posted_minor END,
           currency, terminal_id, merchant_id, site_id, original_key, flags, pan_masked,
           to_timestamp(decided_ms / 1000.0), recorded_at, rules_version,
           account_id, fence, card_id, vehicle_id, driver_id, day, week, month,
           CASE WHEN late THEN 0 ELSE money END, CASE WHEN late THEN 0 ELSE volume END, CASE WHEN late THEN 0 ELSE count END,
           detail, CASE WHEN late THEN 0 ELSE pin_tries END, minute, CASE WHEN late THEN '' ELSE products END, subaccount_id, second_card_id,
           odometer, engine_hours
    FROM ready WHERE key IN (SELECT key FROM claimed)
),
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
SELECT version, business_date,
       (SELECT array_agg(key) FROM claimed) AS claimed,
       (SELECT array_agg(DISTINCT key) FROM ready WHERE late) AS late
FROM rules_now
