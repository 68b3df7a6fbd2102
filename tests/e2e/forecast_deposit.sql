-- Deposits as a batch would have written them: $1 a JSON array of terminal, date (business), at, notes, coins, detail; inside where it is in the
-- cassette that is in the safe.
WITH given AS (
    SELECT * FROM jsonb_to_recordset($1::text::jsonb) AS r (key text, terminal text, date date, at timestamptz, notes int, coins int, detail json, inside boolean)
), row AS (
    INSERT INTO journal (business_date, id, key, leg, kind, approved, action, reason, approval_code, requested_minor, amount_minor,
        posted_minor, currency, terminal_id, merchant_id, site_id, original_key, flags, pan_masked, decided_at, recorded_at,
        rules_version, account_id, fence, day, week, month, money, volume, count, detail, stream)
    SELECT g.date, nextval('journal_id'), g.key, 0, 'deposit', true, '000', 'approved', '', 100, 100, 100, 'EUR', g.terminal, 'SHOP', '', '', '', '',
        g.at, g.at, 1, 900002, 1, 1, 1, 1, 100, 0, 1, g.detail, 'cash' FROM given g
    RETURNING business_date, id, key, terminal_id, recorded_at
)
INSERT INTO deposit (key, business_date, journal_id, terminal_id, account_id, stay_id, kind, currency, amount_minor, recorded_at, credit, notes, coins)
SELECT row.key, row.business_date, row.id, row.terminal_id, 900002, CASE WHEN g.inside THEN (
        SELECT stay_id FROM cassette_stay c WHERE c.terminal_id = row.terminal_id AND state = 'in_safe') END,
    'cash', 'EUR', 100, row.recorded_at, 'night', coalesce(g.notes, 0), coalesce(g.coins, 0)
FROM row JOIN given g USING (key)
