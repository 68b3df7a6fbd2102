-- Merchants that this payer takes no requests from.  $1 phone, $2 merchants
UPDATE payer SET refuses = $2::text[] WHERE phone = $1
