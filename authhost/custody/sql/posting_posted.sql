-- It is in the journal.
UPDATE custody_posting SET journal_key = $2, posted_at = $3 WHERE posting_id = $1 AND journal_key IS NULL
