-- A message by its number.
SELECT * FROM message WHERE sequence = :sequence
