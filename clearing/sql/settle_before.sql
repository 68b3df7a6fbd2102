-- How each merchant stands: what is owed, what of it could have been paid already, what has become payable, what is released tonight.
-- is_due: without a row tonight it is settled all the same; may_be_due: where it is to be paid now.  $1 business date, $2 when the banks execute tonight's files
WITH matured AS (
    SELECT merchant_id, account_id, currency, sum(net_minor)::bigint AS minor FROM merchant_settlement
    WHERE matured_by = '' AND payable_on <= $2::date GROUP BY 1, 2, 3
),
released AS (
    SELECT merchant_id, account_id, currency, sum(held_back_minor)::bigint AS minor FROM merchant_settlement
    WHERE released_by = '' AND held_back_minor <> 0 AND release_on <= $1::date GROUP BY 1, 2, 3
)
SELECT b.merchant_id, b.account_id, b.currency, b.closing_minor, b.carried_minor, coalesce(m.minor, 0) AS matured_minor,
       coalesce(r.minor, 0) AS released_minor,
       m.minor IS NOT NULL OR r.minor IS NOT NULL
           OR (b.carried_minor > 0 AND b.held NOT IN ('', 'not_due', 'below_least', 'not_positive', 'sandbox', 'merchant_blocked')) AS is_due,
       b.carried_minor > 0 AND b.held IN ('below_least', 'sandbox', 'merchant_blocked') AS may_be_due
FROM merchant_balance b
LEFT JOIN matured m ON (m.merchant_id, m.currency) = (b.merchant_id, b.currency) AND m.account_id IS NOT DISTINCT FROM b.account_id
LEFT JOIN released r ON (r.merchant_id, r.currency) = (b.merchant_id, b.currency) AND r.account_id IS NOT DISTINCT FROM b.account_id
