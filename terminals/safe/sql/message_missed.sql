-- The host lacks these: what it has taken goes again, what it refused too, but not for ever.
UPDATE message SET state = 'stored', asked = asked + 1
WHERE sequence BETWEEN :first AND :last AND state <> 'stored' AND asked < :most
RETURNING *
