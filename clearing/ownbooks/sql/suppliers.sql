-- Suppliers with the terms that hold on a day, since when there are any, and by what each was settled last.  $1 business date, $2 stream
SELECT s.account_id, s.courier_id, s.terms::text AS terms, first.day AS first_day, last.period_to
FROM (SELECT DISTINCT ON (account_id) account_id, courier_id, terms FROM supplier_terms WHERE valid_from <= $1::date
      ORDER BY account_id, valid_from DESC, version DESC) s
CROSS JOIN LATERAL (SELECT min(valid_from) AS day FROM supplier_terms t WHERE t.account_id = s.account_id) first
LEFT JOIN LATERAL (SELECT max(period_to) AS period_to FROM own_document d
                   WHERE d.account_id = s.account_id AND d.stream = $2 AND d.kind IN ('self_billed', 'comparison')) last ON true
ORDER BY s.account_id
