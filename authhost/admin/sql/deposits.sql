-- A page of deposits within the scope of an account ($6) or a bank ($7), the newest first. Conditions: what was asked for, each with a
-- parameter of its own.
SELECT d.*, t.site_id, y.cassette_id, j.detail::text AS detail, j.approval_code
FROM deposit d
JOIN journal j ON j.business_date = d.business_date AND j.id = d.journal_id
LEFT JOIN terminal t ON t.terminal_id = d.terminal_id
LEFT JOIN cassette_stay y ON y.stay_id = d.stay_id
WHERE d.business_date BETWEEN $1 AND $2 AND ($3::date IS NULL OR (d.business_date, d.journal_id) < ($3, $4::bigint))
  AND ($6::bigint IS NULL OR d.account_id = $6) AND ($7::text IS NULL OR d.bank_id = $7) AND {conditions}
ORDER BY d.business_date DESC, d.journal_id DESC LIMIT $5
