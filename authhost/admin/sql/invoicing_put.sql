-- An account's terms, whole.
INSERT INTO account_tax (account_id, vat_id, company_id, country, email, endpoint_id, endpoint_scheme, invoice_period, payment_days,
                         collected_by, price_basis, buyer_reference, forms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (account_id) DO UPDATE SET
    (vat_id, company_id, country, email, endpoint_id, endpoint_scheme, invoice_period, payment_days, collected_by, price_basis,
     buyer_reference, forms)
    = (excluded.vat_id, excluded.company_id, excluded.country, excluded.email, excluded.endpoint_id, excluded.endpoint_scheme,
       excluded.invoice_period, excluded.payment_days, excluded.collected_by, excluded.price_basis, excluded.buyer_reference, excluded.forms)
