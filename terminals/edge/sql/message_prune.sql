-- What is over, long ago, and named by nothing that stays.
DELETE FROM message
WHERE noted_at < :before AND state IN ('answered', 'abandoned', 'reversed', 'forwarded')
  AND NOT EXISTS (SELECT 1 FROM message later WHERE later.original = message.id
                  AND (later.noted_at >= :before OR later.state IN ('stored', 'parked')))
