-- The whole portfolio in one statement; the parameters are JSON arrays of whole rows, one a table.
-- $1 accounts  $2 vehicles  $3 drivers  $4 cards  $5 merchants  $6 sites  $7 terminals  $8 payers  $9 business date
WITH rules_row AS (
    INSERT INTO rules (business_date) VALUES ($9::date) ON CONFLICT DO NOTHING
),
accounts AS (
    INSERT INTO account SELECT * FROM jsonb_populate_recordset(NULL::account, $1::jsonb) RETURNING account_id
),
fences AS (
    INSERT INTO fence (account_id) SELECT account_id FROM accounts
),
vehicles AS (
    INSERT INTO vehicle SELECT * FROM jsonb_populate_recordset(NULL::vehicle, $2::jsonb)
),
drivers AS (
    INSERT INTO driver SELECT * FROM jsonb_populate_recordset(NULL::driver, $3::jsonb)
),
cards AS (
    INSERT INTO card SELECT * FROM jsonb_populate_recordset(
        jsonb_populate_record(NULL::card, '{"pin_value": "", "psn": "00", "pin_reset_fence": 0}'), $4::jsonb)
),
merchants AS (
    INSERT INTO merchant SELECT * FROM jsonb_populate_recordset(NULL::merchant, $5::jsonb)
),
sites AS (
    INSERT INTO site SELECT * FROM jsonb_populate_recordset(NULL::site, $6::jsonb)
),
terminals AS (
    INSERT INTO terminal SELECT * FROM jsonb_populate_recordset(
        jsonb_populate_record(NULL::terminal, '{"mac_required": false}'), $7::jsonb)
)
INSERT INTO payer SELECT * FROM jsonb_populate_recordset(NULL::payer, $8::jsonb)
