-- A terminal with its merchant, under the rules version of the same snapshot. One row always: the version is there even
-- where the terminal is not.
SELECT r.version, t.terminal_id, t.kind, t.acquirer_id, t.merchant_id, coalesce(t.site_id, '') AS site_id,
       t.account_id, t.partial_approval, t.status, m.status AS merchant_status, m.account_id AS merchant_account_id,
       m.name AS merchant_name, t.mac_required, coalesce(s.region, '') AS region,
       CASE t.kind WHEN 'safe' THEN r.cash_date WHEN 'till' THEN r.payments_date ELSE r.fuel_date END AS business_date
FROM rules r
LEFT JOIN terminal t ON t.terminal_id = $1
LEFT JOIN merchant m ON m.merchant_id = t.merchant_id
LEFT JOIN site s ON s.site_id = t.site_id
