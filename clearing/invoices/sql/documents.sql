-- A run's invoices with their lines, in the order of their numbers.  $1 run id, $2 a form that the buyer gets; '': whatever he gets
SELECT i.number, i.kind, i.account_id, i.currency, i.period_from, i.period_to, i.issued_on, i.due_on, i.net_minor, i.vat_minor, i.gross_minor,
       i.rounding_minor, i.corrects, c.issued_on AS corrected_on, i.corrects_ksef, i.country, i.reverse_charge, i.to_ksef, i.price_basis,
       i.vat_currency, i.vat_rate, i.vat_rate_on, CASE WHEN c.reverse_charge THEN (SELECT o.content ->> 'vat_id' FROM clearing_party o
            WHERE o.run_id = c.run_id AND o.kind = 'tax' AND o.party_id = c.account_id::text) END AS corrected_vat_id,
       r.settings AS told, l.first, l.until, f.content, a.content::text AS party, t.content::text AS tax
FROM invoice i
JOIN invoice_line l USING (number)
JOIN fuel_line f ON (f.run_id, f.account_id, f.currency, f.country, f.corrects)
                = (l.run_id, l.account_id, l.currency, l.country, l.corrects)
JOIN clearing_party a ON a.run_id = i.run_id AND a.kind = 'account' AND a.party_id = i.account_id::text
LEFT JOIN clearing_party t ON t.run_id = i.run_id AND t.kind = 'tax' AND t.party_id = i.account_id::text
LEFT JOIN invoice c ON c.number = i.corrects
LEFT JOIN clearing_run r ON r.run_id = i.told_by
WHERE i.run_id = $1 AND i.kind IN ('fleet', 'credit_note', 'corrective') AND ($2 <> 'ksef' OR i.to_ksef)
  AND ($2 = '' OR CASE WHEN t.content IS NULL THEN $2 IN ('ubl', 'csv', 'pdf') ELSE t.content -> 'forms' ? $2 END)
ORDER BY i.series, i.serial, f.business_date, l.run_id, l.first
