-- A payer by phone number.
SELECT phone, account_id, public_key FROM payer WHERE phone = $1
