-- A subscription has ended; one that the phone has made meanwhile stays.  $1 phone, $2 the subscription as it was read
UPDATE payer SET push = NULL WHERE phone = $1 AND push = $2::text::jsonb
