-- A session key has proved itself: from now on its terminal may not go back to an older one.
UPDATE hsm_key SET used_at = clock_timestamp() WHERE name = $1 AND version = $2 AND used_at IS NULL
