-- A deposit with its journal row as a batch would write them: what $1 (JSON) does not name is plain.
WITH r AS (
    SELECT * FROM jsonb_to_record($1::text::jsonb) AS r (key text, terminal text, account bigint, bank text, amount bigint, state text,
        credit text, withheld text, stay bigint, detail jsonb, day date, notes integer)
),
written AS (
    INSERT INTO journal (business_date, id, key, leg, kind, approved, action, reason, approval_code, requested_minor, amount_minor,
        posted_minor, currency, terminal_id, merchant_id, site_id, original_key, flags, pan_masked, decided_at, recorded_at,
        rules_version, account_id, fence, day, week, month, money, volume, count, detail, stream)
    SELECT r.day, nextval('journal_id'), r.key, 0, 'deposit', true, '000', 'approved', '000001', r.amount, r.amount, r.amount, 'EUR',
        r.terminal, 'SHOP', '', '', '', '', clock_timestamp(), clock_timestamp(), 1, r.account, 1, 1, 1, 1, r.amount, 0, 1,
        coalesce(r.detail, '{}'), 'cash'
    FROM r RETURNING business_date, id
)
INSERT INTO deposit (key, business_date, journal_id, terminal_id, account_id, stay_id, kind, currency, amount_minor, recorded_at, state,
                     withheld, credit, bank_id, notes)
SELECT r.key, w.business_date, w.id, r.terminal, r.account, r.stay, 'cash', 'EUR', r.amount, clock_timestamp(),
       coalesce(r.state, 'reported'), coalesce(r.withheld, ''), coalesce(r.credit, 'night'), r.bank, coalesce(r.notes, 0)
FROM r CROSS JOIN written w
