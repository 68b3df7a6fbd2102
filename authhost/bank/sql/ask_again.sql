-- When the bank is asked next about what is unknown, and what it has said so far.  $1 keys, $2 instants, $3 words (null: as it was)
UPDATE deposit d SET next_at = t.next_at, bank_reason = coalesce(t.word, d.bank_reason)
FROM unnest($1::text[], $2::timestamptz[], $3::text[]) AS t (key, next_at, word)
WHERE d.key = t.key AND d.credit = 'unknown'
