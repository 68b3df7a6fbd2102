-- How many orders of payments wait, and how.
SELECT state, count(*) AS number FROM bank_order WHERE state IN ('queued', 'sent', 'unknown') GROUP BY state
