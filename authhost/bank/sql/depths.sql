-- How many credits wait, and how.
SELECT bank_id, credit AS state, count(*) AS number FROM deposit WHERE credit IN ('queued', 'sent', 'unknown') GROUP BY bank_id, credit
