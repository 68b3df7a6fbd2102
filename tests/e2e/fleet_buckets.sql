-- $3 purchases of one unit each with card $2 of account $1, $4 minutes apart, the newest so long ago (or ahead, where it is negative).
INSERT INTO journal (business_date, id, key, leg, kind, approved, action, reason, approval_code, requested_minor,
    amount_minor, posted_minor, currency, terminal_id, merchant_id, site_id, original_key, flags,
    pan_masked, decided_at, recorded_at, rules_version, account_id, fence, card_id, day, week,
    month, money, volume, count, detail, minute)
SELECT (SELECT fuel_date FROM rules), nextval('journal_id'), 'bucket/' || $2::bigint || '/' || n, 0,
    'sale', true, '000', 'approved', '', 1, 1, 1, 'EUR', 'POS00001', '', 'S1', '', '', '', now(), now(),
    1, $1, 0, $2::bigint, 0, 0, 0, 1, 1, 1, '{}',
    (extract(epoch FROM now()) / 60)::integer - n * $4::integer
FROM generate_series(1, $3::integer) n
