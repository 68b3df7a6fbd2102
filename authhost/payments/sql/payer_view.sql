-- A payer with the certificates of the phone, and the fence that all of it holds under, in one snapshot.  $1 phone
SELECT p.phone, p.account_id, p.status, p.refuses,
       ARRAY(SELECT b.merchant_id FROM merchant_blocked_phone b WHERE b.phone = p.phone) AS refused_by, a.currency, coalesce(a.bank_id, '') AS bank_id, f.fence, p.push::text AS push,
       jsonb_build_object('name', a.name, 'iban', a.iban, 'bic', a.bic, 'address', a.address)::text AS party,
       ARRAY(SELECT c FROM payer_certificate c WHERE c.phone = p.phone AND c.not_after > now() ORDER BY c.serial) AS certificates
FROM payer p JOIN account a USING (account_id) JOIN fence f USING (account_id)
WHERE p.phone = $1
