-- Approved messages whose fleet pays by contract.  $1 business date
SELECT count(*)::bigint FROM journal WHERE business_date = $1 AND approved AND leg = 0 AND detail -> 'prices' IS NOT NULL
