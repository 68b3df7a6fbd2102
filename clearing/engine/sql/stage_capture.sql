-- What of the day was captured under an authorization of before, or off line. A deposit is no capture.  {day}, {stream}
SELECT j.id, j.key, j.kind, j.account_id, j.card_id, j.terminal_id, j.approval_code, j.original_key, j.flags, j.posted_minor, j.currency,
       split_part(j.products, ':', 1) AS product, j.decided_at AS decided_us
FROM journal j
WHERE j.business_date = {day} AND j.stream = {stream} AND j.approved AND j.posted_minor > 0
  AND j.kind IN ('completion', 'offline_sale')
