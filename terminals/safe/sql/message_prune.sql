-- What is over, long ago, of a cassette that has gone, and named by nothing that stays.
DELETE FROM message
WHERE noted_at < :before AND state = 'forwarded'
  AND (stay IS NULL OR stay IN (SELECT id FROM stay WHERE closed_at < :before))
  AND NOT EXISTS (SELECT 1 FROM message later WHERE later.original = message.sequence
                  AND (later.noted_at >= :before OR later.state <> 'forwarded'))
