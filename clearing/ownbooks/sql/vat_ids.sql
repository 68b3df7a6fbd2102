-- The VAT numbers and countries that accounts have told.  $1 accounts
SELECT account_id, vat_id, country FROM account_tax WHERE account_id = ANY ($1::bigint[])
