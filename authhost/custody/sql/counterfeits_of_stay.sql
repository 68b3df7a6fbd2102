-- The counterfeit pieces that are known of a stay's count.
SELECT f.counterfeit_id, f.case_id, f.currency, f.value_minor, f.serial
FROM counterfeit f JOIN cash_case c USING (case_id)
WHERE c.stay_id = $1 AND c.deposit_key IS NULL
ORDER BY f.counterfeit_id
