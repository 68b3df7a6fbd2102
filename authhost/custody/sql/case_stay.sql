-- The stay that is to be locked before a case: its deposit's, where that was known later than the case.
SELECT coalesce(c.stay_id, d.stay_id) AS stay_id FROM cash_case c LEFT JOIN deposit d ON d.key = c.deposit_key WHERE c.case_id = $1
