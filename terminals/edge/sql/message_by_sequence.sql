-- A message by its number; the latest, where a number came round again.
SELECT * FROM message
WHERE sequence = :sequence AND (:local_date = '' OR local_date = :local_date)
ORDER BY id DESC LIMIT 1
