-- Deposits that were to have no credit before the count, and are counted now. What was withheld, or rejected, is decided elsewhere.
SELECT key FROM deposit
WHERE key = ANY ($1::text[]) AND credit = 'none' AND withheld = '' AND amount_minor > 0 AND account_id IS NOT NULL
ORDER BY key
