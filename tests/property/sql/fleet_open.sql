-- One fleet with all that it has. $1 account  $2 time zone  $3 vehicles, drivers, sub-accounts, cards as JSON: {"vehicle": [{"id", "tank_ml"}], "driver":
-- [{"id"}], "subaccount": [{"id"}], "card": [{"id", "hmac", "vehicle", "driver", "subaccount"}]}
WITH doc AS (SELECT $3::text::jsonb AS fleet),
accounts AS (
    INSERT INTO account (account_id, kind, name, currency, time_zone) VALUES ($1, 'fleet', 'Fleet', 'EUR', $2)
),
fences AS (INSERT INTO fence (account_id) VALUES ($1)),
vehicles AS (
    INSERT INTO vehicle (vehicle_id, account_id, plate, tank_ml)
    SELECT (one->>'id')::bigint, $1, 'X', (one->>'tank_ml')::bigint FROM doc, jsonb_array_elements(fleet->'vehicle') AS one
),
drivers AS (
    INSERT INTO driver (driver_id, account_id, name)
    SELECT (one->>'id')::bigint, $1, 'X' FROM doc, jsonb_array_elements(fleet->'driver') AS one
),
subaccounts AS (
    INSERT INTO subaccount (subaccount_id, account_id, name)
    SELECT (one->>'id')::bigint, $1, 'X' FROM doc, jsonb_array_elements(fleet->'subaccount') AS one
)
INSERT INTO card (card_id, account_id, pan_hmac, pan_masked, expiry, program_id, vehicle_id, driver_id, subaccount_id)
SELECT (one->>'id')::bigint, $1, decode(one->>'hmac', 'hex'), '700000******0000', '3012', 'FLEETS', (one->>'vehicle')::bigint,
       (one->>'driver')::bigint, (one->>'subaccount')::bigint
FROM doc, jsonb_array_elements(fleet->'card') AS one
