-- The settlements of a run, as they were decided.  $1 run id
SELECT s.number, s.merchant_id, s.account_id, s.currency, s.plan_id, s.plan, s.fees_by, s.gross_minor, s.refunds_minor, s.fees_minor,
       s.vat_minor, s.held_back_minor, s.released_minor, s.net_minor, s.opening_minor, s.payout_minor, s.closing_minor, s.payable_on,
       s.release_on, s.end_to_end_id, s.held, m.content ->> 'name' AS merchant, a.content::text AS party
FROM merchant_settlement s
LEFT JOIN clearing_party m ON m.run_id = $1 AND m.kind = 'merchant' AND m.party_id = s.merchant_id
LEFT JOIN clearing_party a ON a.run_id = $1 AND a.kind = 'account' AND a.party_id = s.account_id::text
WHERE s.run_id = $1
ORDER BY s.number
