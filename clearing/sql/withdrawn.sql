-- Deposits that will never be paid as such, found for the first time, of days that are booked: a person reversed them before anybody was
-- paid; or their credit was rejected, and an adjustment stands in its place, or the count has shown what was there.  $1 run id
WITH gone AS (
    SELECT key FROM deposit WHERE state = 'reversed' AND credit IN ('none', 'refused')
    UNION
    SELECT d.key FROM deposit d
    WHERE d.credit = 'none' AND d.withheld <> '' AND (d.state IN ('verified', 'adjusted') OR EXISTS (
        SELECT FROM custody_posting c WHERE c.deposit_key = d.key AND c.kind = 'adjustment' AND c.journal_key IS NOT NULL))
)
INSERT INTO clearing_item (run_id, end_to_end_id, source, key, account_id, terminal_id, currency, amount_minor, family, journal_date,
                           journal_id, settled)
SELECT $1, '', 'withdrawn', d.key, d.account_id, d.terminal_id, d.currency, d.amount_minor, p.family, d.business_date, d.journal_id, true
FROM gone JOIN deposit d USING (key)
JOIN placement p ON p.stream = 'cash' AND p.journal_date = d.business_date AND p.journal_id = d.journal_id AND p.place = 'cleared'
WHERE d.amount_minor > 0
  AND NOT EXISTS (SELECT FROM clearing_item i WHERE i.source = 'withdrawn' AND i.key = d.key AND i.settled)
