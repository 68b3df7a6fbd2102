-- What has ended holds since the last run; and those that two people have matched with a capture, by the runs until now or by this one.
-- {day}, {stream}
SELECT j.original_key, j.kind IN ('completion', 'deposit') AS completed, j.decided_at AS decided_us, false AS given
FROM journal j
WHERE j.business_date > coalesce((SELECT max(business_date) FROM clearing_run WHERE business_date < {day} AND stream IN ({stream}, 'night')),
                                 '-infinity')
  AND j.business_date <= {day} AND j.stream = {stream} AND j.original_key <> ''
  AND (j.kind = 'expiry' OR (j.approved AND j.kind IN ('completion', 'deposit', 'reversal')))
UNION ALL
SELECT e.target, true, timestamptz 'epoch', true
FROM clearing_exception e
JOIN exception_decision d USING (exception_id)
LEFT JOIN clearing_run r ON r.run_id = d.done_by
WHERE e.target <> '' AND e.stream = {stream} AND d.decision = 'match' AND (d.done_by = '' OR r.business_date <= {day})
