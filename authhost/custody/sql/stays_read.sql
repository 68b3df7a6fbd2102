-- Stays, the newest first. $1 one, $2 state, $3 safe, $4 cassette, $5 below this id, $6 at most, $7 account, $8 bank and $9 courier that look.
SELECT s.stay_id, s.cassette_id, s.terminal_id, s.state, s.opened_at, s.closed_at, s.courier_id, s.guard, s.seal, s.counted_at, s.settled_at
FROM cassette_stay s
WHERE ($1::bigint IS NULL OR s.stay_id = $1) AND ($2 = '' OR s.state = $2) AND ($3 = '' OR s.terminal_id = $3)
  AND ($4 = '' OR s.cassette_id = $4) AND ($5::bigint IS NULL OR s.stay_id < $5)
  AND ($7::bigint IS NULL OR EXISTS (SELECT FROM deposit d WHERE d.stay_id = s.stay_id AND d.account_id = $7))
  AND ($8::text IS NULL OR EXISTS (SELECT FROM deposit d JOIN account a USING (account_id) WHERE d.stay_id = s.stay_id AND a.bank_id = $8))
  AND ($9::text IS NULL OR s.courier_id = $9)
ORDER BY s.stay_id DESC LIMIT $6
