-- A row of the journal as a batch would write it, recorded now: what $1 (JSON) does not name is plain.
INSERT INTO journal (business_date, id, key, leg, kind, approved, action, reason, approval_code, requested_minor, amount_minor,
    posted_minor, currency, terminal_id, merchant_id, site_id, original_key, flags, pan_masked, decided_at, recorded_at,
    rules_version, account_id, fence, card_id, vehicle_id, driver_id, day, week, month, money, volume, count, detail, products,
    odometer)
SELECT '2026-07-23', nextval('journal_id'), r.key, 0, coalesce(r.kind, 'sale'), coalesce(r.approved, true), '000', 'approved', '',
    r.amount, r.amount, r.amount, 'EUR', coalesce(r.terminal, 'POS00001'), 'STATION', coalesce(r.site, 'S1'),
    coalesce(r.original, ''), coalesce(r.flags, ''), '', coalesce(r.at, clock_timestamp()), clock_timestamp(), 1, r.account,
    coalesce(r.fence, 1), r.card, r.vehicle, NULL, 1, 1, 1, r.amount, coalesce(r.volume, 0), sign(r.amount), '{}',
    coalesce(r.products, ''), r.odometer
FROM jsonb_to_record($1::text::jsonb) AS r (key text, kind text, approved boolean, amount bigint, terminal text, site text,
    original text, flags text, at timestamptz, account bigint, fence bigint, card bigint, vehicle bigint, volume bigint,
    products text, odometer integer)
