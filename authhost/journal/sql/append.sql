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
        (b).engine_hours, (b).extends, (b).stream
    ) AS t (
        key, leg, fingerprint, answer, door, state, remaining, expires_us,
        approval_code, alias, kind, approved, action, reason, requested_minor, amount_minor,
        posted_minor, currency, terminal_id, merchant_id, site_id, original_key, flags, pan_masked,
        decided_ms, rules_version, deadline_us, account_id, fence, card_id, vehicle_id,
        driver_id, day, week, month, money, volume, count,
        detail, pin_tries, minute, products, subaccount_id, second_card_id, odometer, engine_hours, extends, stream
    )
),
rules_now AS MATERIALIZED (SELECT version, fuel_date, cash_date, payments_date FROM rules FOR SHARE),
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
    SELECT i.*, n.first_id + i.leg AS id, clock_timestamp() AS recorded_at,
           CASE i.stream WHEN 'cash' THEN r.cash_date WHEN 'payments' THEN r.payments_date ELSE r.fuel_date END AS business_date,
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
           odometer, engine_hours, stream
    FROM ready WHERE key IN (SELECT key FROM claimed)
),
