-- What a case has booked, or is to.
SELECT kind, account_id, amount_minor, currency, journal_key, posted_at FROM custody_posting WHERE case_id = $1 ORDER BY posting_id
