-- Where a phone is told; null: nowhere.  $1 phone, $2 the subscription
UPDATE payer SET push = $2::text::jsonb WHERE phone = $1
