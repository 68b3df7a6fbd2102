-- The one write path: a batch of rows, their claims and their journal rows, or nothing.
-- The legs of a message follow each other, the first is 0: their ids follow its own.
-- Locks first (rules, then fences in order), so that what is read after them is what holds; then the claims in key order.
WITH input AS MATERIALIZED (
    SELECT * FROM unnest(
        $1::text[], $2::smallint[], $3::bytea[], $4::bytea[], $5::text[], $6::smallint[], $7::bigint[], $8::bigint[],
        $9::text[], $10::text[], $11::text[], $12::boolean[], $13::text[], $14::text[], $15::bigint[], $16::bigint[],
        $17::bigint[], $18::text[], $19::text[], $20::text[], $21::text[], $22::text[], $23::text[], $24::text[],
        $25::bigint[], $26::bigint[], $27::bigint[], $28::bigint[], $29::bigint[], $30::bigint[], $31::bigint[],
        $32::bigint[], $33::integer[], $34::integer[], $35::integer[], $36::bigint[], $37::bigint[], $38::integer[],
        $39::json[]
    ) AS t (
        key, leg, fingerprint, answer, door, state, remaining, expires_us,
        approval_code, alias, kind, approved, action, reason, requested_minor, amount_minor,
        posted_minor, currency, terminal_id, merchant_id, site_id, original_key, flags, pan_masked,
        decided_ms, rules_version, deadline_us, account_id, fence, card_id, vehicle_id,
        driver_id, day, week, month, money, volume, count,
        detail
    )
),
rules_now AS MATERIALIZED (SELECT version, business_date FROM rules FOR SHARE),
fences AS MATERIALIZED (
    SELECT f.account_id, f.fence FROM fence f WHERE f.account_id = ANY ($40::bigint[]) ORDER BY f.account_id FOR SHARE
),
fenced AS MATERIALIZED (
    SELECT i.key FROM input i LEFT JOIN fences f USING (account_id)
    WHERE i.account_id IS NOT NULL AND i.fence IS DISTINCT FROM f.fence
),
ready AS MATERIALIZED (
    SELECT i.*, r.business_date, CASE WHEN i.leg = 0 THEN nextval('journal_id') ELSE currval('journal_id') + i.leg END AS id, clock_timestamp() AS recorded_at,
           i.deadline_us > 0 AND extract(epoch FROM clock_timestamp()) * 1000000 > i.deadline_us AS late
    FROM input i CROSS JOIN rules_now r
    WHERE i.rules_version = r.version AND i.key NOT IN (SELECT key FROM fenced)
),
aliased AS (
    INSERT INTO claim (key, fingerprint, door, business_date, journal_id, state, refers_to)
    SELECT alias, fingerprint, door, business_date, 0, 13, key FROM ready WHERE leg = 0 AND alias <> '' ORDER BY alias
    ON CONFLICT DO NOTHING RETURNING key
),
claimed AS (
    INSERT INTO claim (key, fingerprint, answer, door, business_date, journal_id, state, remaining, expires_at, approval_code)
    SELECT key, fingerprint, CASE WHEN late THEN NULL ELSE answer END, door, business_date, id,
           CASE WHEN late THEN 7 ELSE state END, CASE WHEN late THEN 0 ELSE remaining END,
           CASE WHEN expires_us > 0 AND NOT late THEN to_timestamp(expires_us / 1000000.0) END, approval_code
    FROM ready WHERE leg = 0 AND (alias = '' OR alias IN (SELECT key FROM aliased)) ORDER BY key
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
           detail
    FROM ready WHERE key IN (SELECT key FROM claimed)
)
SELECT version, business_date,
       (SELECT array_agg(key) FROM claimed) AS claimed,
       (SELECT array_agg(DISTINCT key) FROM ready WHERE late) AS late
FROM rules_now
