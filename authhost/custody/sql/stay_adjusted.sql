-- The accounts whose difference in a stay was booked, by currency; what a doubt about one deposit has booked is one.
SELECT DISTINCT account_id, currency FROM custody_posting
WHERE stay_id = $1 AND kind = 'adjustment' AND case_id IN (
    SELECT case_id FROM cash_case WHERE kind IN ('difference', 'counterfeit') AND proposal = 'adjust' AND case_id IN (
        SELECT case_id FROM custody_posting WHERE stay_id = $1))
