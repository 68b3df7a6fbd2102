-- The whole portfolio in one statement; the parameters are JSON arrays of rows, one a table. What a row does not name is as here.
-- $1 products  $2 product codes  $3 product groups  $4 accounts  $5 sub-accounts  $6 vehicles  $7 drivers  $8 cards  $9 merchants
-- $10 sites  $11 terminals  $12 payers  $13 business date
WITH rules_row AS (
    INSERT INTO rules (fuel_date, cash_date, payments_date) VALUES ($13::date, $13::date, $13::date) ON CONFLICT DO NOTHING
),
products AS (
    INSERT INTO product SELECT * FROM jsonb_populate_recordset(NULL::product, $1::jsonb)
),
product_codes AS (
    INSERT INTO product_code SELECT * FROM jsonb_populate_recordset(NULL::product_code, $2::jsonb)
),
product_groups AS (
    INSERT INTO product_group SELECT * FROM jsonb_populate_recordset(NULL::product_group, $3::jsonb)
),
accounts AS (
    INSERT INTO account SELECT * FROM jsonb_populate_recordset(NULL::account, $4::jsonb) RETURNING account_id
),
fences AS (
    INSERT INTO fence (account_id) SELECT account_id FROM accounts
),
subaccounts AS (
    INSERT INTO subaccount SELECT * FROM jsonb_populate_recordset(NULL::subaccount, $5::jsonb)
),
vehicles AS (
    INSERT INTO vehicle SELECT * FROM jsonb_populate_recordset(
        jsonb_populate_record(NULL::vehicle, '{"meter_reset_fence": 0}'), $6::jsonb)
),
drivers AS (
    INSERT INTO driver SELECT * FROM jsonb_populate_recordset(NULL::driver, $7::jsonb)
),
cards AS (
    INSERT INTO card SELECT * FROM jsonb_populate_recordset(
        jsonb_populate_record(NULL::card, '{"pin_value": "", "psn": "00", "pin_reset_fence": 0, "block_reason": "", "offline_max_minor": 0}'),
        $8::jsonb)
),
merchants AS (
    INSERT INTO merchant SELECT * FROM jsonb_populate_recordset(
        jsonb_populate_record(NULL::merchant, '{"display_name": "", "capture": "automatic", "sandbox": false}'), $9::jsonb)
),
sites AS (
    INSERT INTO site SELECT * FROM jsonb_populate_recordset(NULL::site, $10::jsonb)
),
terminals AS (
    INSERT INTO terminal SELECT * FROM jsonb_populate_recordset(
        jsonb_populate_record(NULL::terminal, '{"mac_required": false}'), $11::jsonb)
)
INSERT INTO payer SELECT * FROM jsonb_populate_recordset(
    jsonb_populate_record(NULL::payer, '{"status": "active", "refuses": [], "code_tries": 0}'), $12::jsonb)
