-- What the day has posted on fleets, returns and reversals taken off, by currency; with what contracts make of it, less what has no price yet.
-- $1 business date
SELECT currency, sum(minor)::bigint AS posted_minor
FROM (SELECT j.currency, j.posted_minor AS minor
      FROM journal j JOIN account a USING (account_id)
      WHERE j.business_date = $1 AND a.kind = 'fleet' AND j.approved AND j.kind <> 'funding'
      UNION ALL
      SELECT currency, amount_minor FROM ledger_transfer WHERE run_id = $1::date || '/fuel/1' AND credit = '5400'
      UNION ALL
      SELECT currency, -pump_minor FROM fuel_line_parked WHERE run_id = $1::date || '/fuel/1' AND billed_run IS NULL) told
GROUP BY currency
