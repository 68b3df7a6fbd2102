-- Where the journal row of a deposit is, by its key.
SELECT business_date, journal_id FROM claim WHERE key = $1 AND journal_id <> 0
