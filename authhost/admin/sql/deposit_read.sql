-- A deposit by its key, within the scope of an account ($2) or a bank ($3).
SELECT d.*, t.site_id, y.cassette_id, j.detail::text AS detail, j.approval_code
FROM deposit d
JOIN journal j ON j.business_date = d.business_date AND j.id = d.journal_id
LEFT JOIN terminal t ON t.terminal_id = d.terminal_id
LEFT JOIN cassette_stay y ON y.stay_id = d.stay_id
WHERE d.key = $1 AND ($2::bigint IS NULL OR d.account_id = $2) AND ($3::text IS NULL OR d.bank_id = $3)
