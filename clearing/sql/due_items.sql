-- What else waits for a client's credit. A reversal takes off what was paid, tonight or before: of a deposit that nobody was paid for,
-- nothing. An adjustment or a fee belongs to no safe, nor does the reversal of a deposit that had a credit of its own.  $1 run id
INSERT INTO due (source, key, account_id, terminal_id, currency, amount_minor, family, journal_date, journal_id, place_id, single, loose)
SELECT i.source, i.key, i.account_id, i.terminal_id, i.currency, i.amount_minor, i.family, i.journal_date, i.journal_id,
       CASE WHEN place.loose OR place.by = 'client' THEN '' ELSE i.terminal_id END,
       CASE WHEN place.by = 'deposit' AND NOT place.loose THEN i.deposit_key ELSE '' END, place.loose
FROM due_item i
LEFT JOIN deposit d ON d.key = i.deposit_key
LEFT JOIN due paid ON paid.source = 'deposit' AND paid.key = i.deposit_key
LEFT JOIN clearing_party a ON a.run_id = $1 AND a.kind = 'account' AND a.party_id = i.account_id::text
CROSS JOIN LATERAL (
    SELECT coalesce(a.content -> 'posting' ->> 'by', 'safe') AS by,
           i.source <> 'reversal' OR (a.content -> 'posting' ->> 'by' = 'deposit' AND paid.key IS NULL) IS TRUE AS loose) place
WHERE i.run_id IS NULL
  AND (i.source <> 'reversal' OR d.key IS NULL OR d.credit IN ('file', 'booked') OR paid.key IS NOT NULL)
