-- Session keys that no terminal may use any more: older than the one before this version, and than the last one used before it.
-- What lies between may be answers that were lost.
DELETE FROM hsm_key WHERE name = $1 AND version < least(
    $2::integer - 1, (SELECT max(version) FROM hsm_key WHERE name = $1 AND version < $2 AND used_at IS NOT NULL))
RETURNING version
