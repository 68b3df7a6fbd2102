-- Suppliers with the terms that hold on a day, and since when there are any. waits: somebody was told of what could not be settled.
-- $1 business date
SELECT s.account_id, s.courier_id, s.terms::text AS terms, first.day AS first_day,
       s.account_id IN (SELECT account_id FROM clearing_exception WHERE subject_kind = 'self_billed' AND state <> 'closed') AS waits
FROM (SELECT DISTINCT ON (account_id) account_id, courier_id, terms FROM supplier_terms WHERE valid_from <= $1::date
      ORDER BY account_id, valid_from DESC, version DESC) s
CROSS JOIN LATERAL (SELECT min(valid_from) AS day FROM supplier_terms t WHERE t.account_id = s.account_id) first
ORDER BY s.account_id
