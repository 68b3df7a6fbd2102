-- What is to be booked and not known to be.  $1 how many, $2 after this one
SELECT posting_id, kind, account_id, amount_minor, currency, detail::text AS detail, who FROM custody_posting
WHERE journal_key IS NULL AND posting_id > $2 ORDER BY posting_id LIMIT $1
