-- What was sold, as the terminals and the contracts told it: the day's fuel rows with their detail.  {day}
SELECT j.id, j.account_id, j.currency, j.posted_minor, j.detail::text AS detail
FROM journal j
WHERE j.business_date = {day} AND j.stream = 'fuel' AND j.approved AND j.posted_minor > 0
