-- How many credits wait, and how.
SELECT credit AS state, count(*) AS number FROM deposit WHERE credit IN ('queued', 'sent', 'unknown') GROUP BY credit
