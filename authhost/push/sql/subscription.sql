-- Where a payer's phone is woken; no row: nowhere.  $1 phone
SELECT push::text AS push FROM payer WHERE phone = $1 AND push IS NOT NULL AND status = 'active'
