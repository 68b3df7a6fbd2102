-- The way of a deposit's credit as things are now. rail '' is by night; counted_first: not before its count. Nothing for a deposit that is
-- nobody's.
SELECT d.state, d.kind <> 'cash' OR a.credit_rule = 'count' AS counted_first, a.bank_id, coalesce((
    SELECT e ->> 'rail' FROM bank b CROSS JOIN LATERAL jsonb_array_elements(b.rails) e
    WHERE b.bank_id = a.bank_id AND b.status = 'active' AND b.endpoint <> '' AND a.credit_rule = 'instant' AND e ->> 'currency' = d.currency
        AND NOT EXISTS (SELECT FROM account_owing o WHERE o.account_id = d.account_id)
    LIMIT 1), '') AS rail
FROM deposit d JOIN account a USING (account_id) WHERE d.key = $1
