-- A reversal may come before its original: claim the original's key with a decline, so that it finds itself refused when it comes.
INSERT INTO claim (key, fingerprint, door, business_date, journal_id, state)
SELECT t.key, ''::bytea, '', r.fuel_date, 0, 6
FROM unnest($1::text[]) AS t (key) CROSS JOIN (SELECT fuel_date FROM rules FOR SHARE) r
ORDER BY t.key
ON CONFLICT DO NOTHING
RETURNING key
