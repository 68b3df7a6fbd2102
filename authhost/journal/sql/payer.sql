SELECT phone, account_id, public_key FROM payer WHERE phone = $1
