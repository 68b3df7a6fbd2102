-- Counts, the newest first. $1 stay, $2 cassette, $3 bank, $4 courier and $7 account that look, $5 below this id, $6 at most. A client's and a
-- bank's are those of stays with a deposit of theirs; whole: it is theirs to the last piece, or they have counted it themselves.
SELECT c.count_id, c.stay_id, c.cassette_id, c.reference, c.counted_at, c.recorded_at, c.counted_by, c.source,
       c.pieces::text AS pieces, c.counterfeits::text AS counterfeits,
       $3::text IS NULL AND $7::bigint IS NULL OR c.counted_by = 'bank_id/' || $3 OR NOT EXISTS (
           SELECT FROM deposit d LEFT JOIN account a USING (account_id) WHERE d.stay_id = c.stay_id
           AND (d.account_id IS NULL OR a.bank_id IS DISTINCT FROM coalesce($3, a.bank_id) OR d.account_id <> coalesce($7, d.account_id))) AS whole
FROM cash_count c LEFT JOIN cassette_stay s USING (stay_id)
WHERE ($1::bigint IS NULL OR c.stay_id = $1) AND ($2 = '' OR c.cassette_id = $2)
  AND ($3::text IS NULL OR c.counted_by = 'bank_id/' || $3
       OR EXISTS (SELECT FROM deposit d JOIN account a USING (account_id) WHERE d.stay_id = c.stay_id AND a.bank_id = $3))
  AND ($7::bigint IS NULL OR EXISTS (SELECT FROM deposit d WHERE d.stay_id = c.stay_id AND d.account_id = $7))
  AND ($4::text IS NULL OR s.courier_id = $4 OR c.counted_by = 'courier_id/' || $4)
  AND ($5::bigint IS NULL OR c.count_id < $5)
ORDER BY c.count_id DESC LIMIT $6
