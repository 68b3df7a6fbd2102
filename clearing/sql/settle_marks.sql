-- What has become payable, and what was released, is so once: by tonight's settlement of its merchant.
-- $1 run id, $2 business date, $3 when the banks execute tonight's files
UPDATE merchant_settlement s SET
    matured_by = CASE WHEN s.matured_by = '' AND s.payable_on <= $3::date THEN t.number ELSE s.matured_by END,
    released_by = CASE WHEN s.released_by = '' AND s.release_on <= $2::date THEN t.number ELSE s.released_by END
FROM merchant_settlement t
WHERE t.run_id = $1 AND s.run_id <> $1 AND (t.merchant_id, t.currency) = (s.merchant_id, s.currency)
  AND t.account_id IS NOT DISTINCT FROM s.account_id
  AND ((s.matured_by = '' AND s.payable_on <= $3::date)
       OR (s.released_by = '' AND s.held_back_minor <> 0 AND s.release_on <= $2::date))
