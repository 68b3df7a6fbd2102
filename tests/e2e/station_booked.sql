-- A message as the journal has it, one posting a leg: a claim with the state of its original, and its rows.
-- $1 business date, $2 journal id of the first leg, $3 key, $4 kind, $5 state, $6 terminal, $7 card or null, $8 amount,
-- $9 posted, $10 original key, $11 money a leg, $12 volume a leg, $13 products a leg
WITH claimed AS (
    INSERT INTO claim (key, fingerprint, answer, door, business_date, journal_id, state)
    VALUES ($3, '\x00', '\x00', 'test', $1, $2, $5)
)
INSERT INTO journal (business_date, id, key, leg, kind, approved, action, reason, approval_code, requested_minor, amount_minor,
                     posted_minor, currency, terminal_id, merchant_id, site_id, original_key, flags, pan_masked, decided_at,
                     recorded_at, rules_version, account_id, fence, card_id, day, week, month, money, volume, count, detail,
                     products)
SELECT $1, $2 + l.number - 1, $3, l.number - 1, $4, $5 NOT IN (0, 7), CASE WHEN $5 IN (0, 7) THEN '121' ELSE '000' END,
       CASE WHEN $5 IN (0, 7) THEN 'limit:card:day:money' ELSE 'approved' END, '', $8, $8,
       CASE l.number WHEN 1 THEN $9::bigint ELSE 0 END, 'EUR', $6, 'STATION', 'S1', $10, '', '', now(), now(), 1, NULL, 0, $7, 0, 0,
       0, l.money, l.volume, 1, '{}', l.products
FROM unnest($11::bigint[], $12::bigint[], $13::text[]) WITH ORDINALITY AS l (money, volume, products, number)
