-- Lines of fleets whose period has ended, or who have asked.  $1 run id, $2 business date; the last day whose $3 day, $4 week, $5 half month,
-- $6 month has ended. What corrects an invoice has from it who accounts for the VAT, under which number, which sum is kept, and the settings.
-- Their text only where KSeF's limits are to be measured, or no rate of VAT was known.
SELECT f.run_id, f.account_id, f.currency, f.country, f.corrects, f.business_date, f.first_day, f.last_day, f.lines, f.amount_minor, f.nets,
       c.vat_currency AS corrected_currency, c.vat_rate AS corrected_rate, c.vat_rate_on AS corrected_rate_on,
       c.reverse_charge AS corrected_reverse_charge, c.to_ksef AS corrected_to_ksef, c.price_basis AS corrected_price_basis,
       CASE WHEN c.reverse_charge THEN (SELECT o.content ->> 'vat_id' FROM clearing_party o
            WHERE o.run_id = c.run_id AND o.kind = 'tax' AND o.party_id = c.account_id::text) END AS corrected_vat_id,
       coalesce(nullif(c.told_by, ''), c.run_id) AS corrected_run, coalesce(k.ksef_number, '') AS corrected_ksef, a.content::text AS party,
       t.content::text AS tax,
       CASE WHEN t.content -> 'forms' ? 'ksef' OR f.nets LIKE '%"-1"%' THEN f.content END AS content
FROM fuel_line_open o
JOIN fuel_line f USING (account_id, currency, country, corrects, run_id)
JOIN clearing_party a ON a.run_id = $1 AND a.kind = 'account' AND a.party_id = o.account_id::text
LEFT JOIN clearing_party t ON t.run_id = $1 AND t.kind = 'tax' AND t.party_id = o.account_id::text
LEFT JOIN invoice c ON c.number = f.corrects
LEFT JOIN ksef_number_latest k ON k.number = f.corrects
WHERE f.business_date <= $2::date
  AND (f.business_date <= CASE t.content ->> 'invoice_period' WHEN 'week' THEN $4::date WHEN 'half_month' THEN $5::date
                                                              WHEN 'month' THEN $6::date ELSE $3::date END
       OR EXISTS (SELECT FROM invoice_request q WHERE q.run_id IS NULL AND q.account_id = f.account_id AND f.business_date <= q.up_to))
ORDER BY f.account_id, f.currency, f.country, f.corrects, f.business_date, f.run_id
