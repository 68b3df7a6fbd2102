-- Session keys that no terminal may use any more.
DELETE FROM hsm_key WHERE name = $1 AND version < $2 RETURNING version
