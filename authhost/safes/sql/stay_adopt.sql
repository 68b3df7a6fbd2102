-- Deposits that named a cassette before its swap was told belong to its stay. $1 terminal, $2 stay, $3 cassette, $4 number of the swap
UPDATE deposit d SET stay_id = $2
FROM journal j
WHERE d.terminal_id = $1 AND d.stay_id IS NULL AND d.sequence > $4
  AND j.business_date = d.business_date AND j.id = d.journal_id AND j.leg = 0 AND j.detail ->> 'cassette' = $3
