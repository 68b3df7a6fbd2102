-- The last minute (UTC, since 1970) that an account has counted in, of its rows with a smaller fence; those of the largest such fence are the newest.
SELECT max(minute) FROM journal
WHERE account_id = $1 AND (money <> 0 OR volume <> 0 OR count <> 0 OR products <> '')
  AND fence = (SELECT max(fence) FROM journal
               WHERE account_id = $1 AND fence < $2 AND (money <> 0 OR volume <> 0 OR count <> 0 OR products <> ''))
