-- What has ended holds since the last run.  {day}, {stream}
SELECT j.original_key, j.kind IN ('completion', 'deposit') AS completed, j.decided_at AS decided_us
FROM journal j
WHERE j.business_date > coalesce((SELECT max(business_date) FROM clearing_run WHERE business_date < {day} AND stream IN ({stream}, 'night')),
                                 '-infinity')
  AND j.business_date <= {day} AND j.stream = {stream} AND j.original_key <> ''
  AND (j.kind = 'expiry' OR (j.approved AND j.kind IN ('completion', 'deposit', 'reversal')))
