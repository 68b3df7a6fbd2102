-- Pick-ups and settled counts that nobody has been charged for, with whose cash it was: the clients of its deposits, or of an empty
-- cassette the safe's own client.
SELECT s.stay_id, e.event, s.counted_at,
       coalesce(nullif(array_agg(DISTINCT d.account_id) FILTER (WHERE d.account_id IS NOT NULL), '{}'),
                array_agg(DISTINCT c.account_id) FILTER (WHERE c.account_id IS NOT NULL), '{}') AS accounts
FROM cassette_stay s
CROSS JOIN LATERAL (SELECT 'pickup' AS event WHERE s.closed_at IS NOT NULL
                    UNION ALL SELECT 'settled' WHERE s.state = 'settled') e
LEFT JOIN deposit d ON d.stay_id = s.stay_id
LEFT JOIN safe_client c ON c.terminal_id = s.terminal_id AND c.reference = ''
WHERE s.state <> 'in_safe' AND NOT EXISTS (SELECT FROM fee_stay f WHERE f.stay_id = s.stay_id AND f.event = e.event)
GROUP BY s.stay_id, e.event
ORDER BY s.stay_id, e.event
