-- Deposits that are counted, or reversed, and were in nobody's balance: declared alone, nobody's, or in another currency. No verification says of
-- them that their cash is no longer in the safe; so this night does, once. Of days that are booked.  $1 run id
INSERT INTO clearing_item (run_id, end_to_end_id, source, key, account_id, terminal_id, currency, amount_minor, family, journal_date,
                           journal_id, settled)
SELECT $1, '', 'counted', d.key, d.account_id, d.terminal_id, d.currency, d.amount_minor, p.family, d.business_date, d.journal_id, true
FROM deposit d
JOIN placement p ON p.stream = 'cash' AND p.journal_date = d.business_date AND p.journal_id = d.journal_id AND p.place = 'cleared'
WHERE d.state IN ('verified', 'adjusted', 'reversed') AND (d.kind <> 'cash' OR d.account_id IS NULL OR d.withheld <> '') AND d.amount_minor > 0
  AND (d.account_id IS NULL OR NOT EXISTS (
      SELECT FROM journal j WHERE j.business_date = d.business_date AND j.id BETWEEN d.journal_id AND d.journal_id + 15
      AND j.key = d.key AND j.money <> 0))
  AND NOT EXISTS (SELECT FROM clearing_item i WHERE i.source = 'counted' AND i.key = d.key AND i.settled)
