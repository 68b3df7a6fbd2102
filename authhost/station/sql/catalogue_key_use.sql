-- From now on this key signs, and none with a greater number. $1 number, $2 instant
UPDATE catalogue_key SET signs_since = CASE WHEN number = $1 THEN coalesce(signs_since, $2) END
WHERE number >= $1 AND EXISTS (SELECT FROM catalogue_key WHERE number = $1) RETURNING number
