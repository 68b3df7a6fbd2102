-- Whose authorization this is, and in which currency: that of a fleet, approved.  $1 key
SELECT h.account_id, h.currency
FROM claim c
JOIN journal h ON h.business_date = c.business_date AND h.id BETWEEN c.journal_id AND c.journal_id + 7 AND h.key = c.key
JOIN account a ON a.account_id = h.account_id AND a.kind = 'fleet'
WHERE c.key = $1 AND c.journal_id > 0 AND h.kind = 'preauthorization' AND h.approved
ORDER BY h.leg LIMIT 1
