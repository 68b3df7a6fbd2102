-- An account's terms as they stand, with nothing where it has told nothing; the account held.  $1 account
SELECT a.account_id, t.vat_id, t.company_id, t.country, t.email, t.endpoint_id, t.endpoint_scheme, t.invoice_period, t.payment_days,
       t.collected_by, t.price_basis, t.buyer_reference, t.forms
FROM account a LEFT JOIN account_tax t USING (account_id) WHERE a.account_id = $1 FOR SHARE OF a
