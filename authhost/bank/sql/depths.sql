-- How many credits wait, and how.
SELECT credit, count(*) AS number FROM deposit WHERE credit IN ('queued', 'sent', 'unknown') GROUP BY credit
