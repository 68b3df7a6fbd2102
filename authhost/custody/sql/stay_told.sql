-- The deposits of a stay, locked, with what their journal rows say. denominations: what may be credited; suspects: what is kept and never is,
-- told by itself or among the denominations by its category. rejected: two people refused the credit.
SELECT d.key, d.account_id, d.kind, d.currency, d.amount_minor, d.state, d.credit,
       coalesce((SELECT json_agg(p) FROM json_array_elements(j.detail -> 'denominations') p
                 LEFT JOIN note_category c ON c.category = p ->> 'category' WHERE coalesce(c.kept AND c.credited, true)), '[]')::text AS denominations,
       coalesce((SELECT json_agg(json_build_object('value_minor', t.value_minor, 'currency', t.currency, 'serial', t.serial))
                 FROM pieces_by_category(j.detail, d.currency) t
                 JOIN note_category c USING (category) WHERE c.kept AND NOT c.credited), '[]')::text AS suspects,
       coalesce(j.detail -> 'envelope' ->> 'number', j.detail -> 'cheque' ->> 'number', '') AS number,
       EXISTS (SELECT FROM cash_case c WHERE c.kind = 'withheld' AND c.deposit_key = d.key
               AND c.state IN ('decided', 'closed') AND c.proposal IN ('reject', 'adjust')) AS rejected
FROM deposit d LEFT JOIN journal j ON j.business_date = d.business_date AND j.id = d.journal_id
WHERE d.stay_id = $1 AND d.state <> 'reversed'
ORDER BY d.key FOR UPDATE OF d
