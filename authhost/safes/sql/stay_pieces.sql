-- What a cassette should hold by currency, kind and value: every piece of cash that its deposits told and that is kept and credited.
-- $1 stay, $2 only the device's numbers below this, 0: all
SELECT d.currency, (p ->> 'value_minor')::bigint AS value_minor, p ->> 'kind' AS kind, sum((p ->> 'count')::bigint)::bigint AS count
FROM deposit d
JOIN journal j ON j.business_date = d.business_date AND j.id = d.journal_id AND j.leg = 0
CROSS JOIN LATERAL json_array_elements(j.detail -> 'denominations') AS p
LEFT JOIN note_category c ON c.category = p ->> 'category'
WHERE d.stay_id = $1 AND ($2::bigint = 0 OR d.sequence < $2) AND d.state <> 'reversed' AND d.kind = 'cash'
  AND coalesce(c.kept AND c.credited, true)
GROUP BY 1, 2, 3 ORDER BY 1, 2 DESC, 3
