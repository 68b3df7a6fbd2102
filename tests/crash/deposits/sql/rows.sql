-- How many rows of the journal each deposit has.
SELECT key, count(*) AS rows FROM journal WHERE kind = 'deposit' AND leg = 0 GROUP BY key
