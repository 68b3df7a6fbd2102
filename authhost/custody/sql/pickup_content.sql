-- What a courier needs to know of a safe, and what the cassette in it should hold by value. Money is not in it but as pieces and sums.
SELECT s.courier_id, st.stay_id, json_build_object(
    'terminal_id', s.terminal_id, 'model', s.model, 'site', coalesce(si.name, ''), 'site_id', coalesce(t.site_id, ''),
    'placement', s.placement, 'time_zone', s.time_zone, 'cassette', s.cassette_id, 'fill', s.fill,
    'contacts', (SELECT coalesce(json_agg(json_build_object('name', a.name, 'contact', a.contact, 'address', a.address) ORDER BY a.account_id), '[]')
                 FROM safe_client c JOIN account a USING (account_id) WHERE c.terminal_id = s.terminal_id),
    'expected', (SELECT coalesce(json_agg(json_build_object('currency', e.currency, 'kind', e.kind, 'deposits', e.deposits,
                        'amount_minor', e.amount_minor) ORDER BY e.currency, e.kind), '[]')
                 FROM (SELECT d.currency, d.kind, count(*) AS deposits, sum(d.amount_minor)::bigint AS amount_minor FROM deposit d
                       WHERE d.stay_id = st.stay_id AND d.state <> 'reversed' GROUP BY d.currency, d.kind) e),
    'pieces', (SELECT coalesce(json_agg(json_build_object('currency', p.currency, 'kind', p.kind, 'value_minor', p.value_minor, 'count', p.count)
                      ORDER BY p.currency, p.kind, p.value_minor DESC), '[]')
               FROM (SELECT d.currency, coalesce(e ->> 'kind', 'note') AS kind, (e ->> 'value_minor')::bigint AS value_minor,
                            sum((e ->> 'count')::bigint)::bigint AS count
                     FROM deposit d JOIN journal j ON j.business_date = d.business_date AND j.id = d.journal_id
                     CROSS JOIN LATERAL json_array_elements(coalesce(j.detail -> 'denominations', '[]')) e
                     WHERE d.stay_id = st.stay_id AND d.state <> 'reversed' GROUP BY 1, 2, 3) p)
    )::text AS content
FROM safe s
JOIN terminal t USING (terminal_id)
LEFT JOIN site si ON si.site_id = t.site_id
LEFT JOIN cassette_stay st ON st.terminal_id = s.terminal_id AND st.state = 'in_safe'
WHERE s.terminal_id = $1
