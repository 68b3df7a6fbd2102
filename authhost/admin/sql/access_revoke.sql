-- From this commit on nobody is let in by this row; one that was revoked stays as it is.
UPDATE access SET revoked_at = clock_timestamp() WHERE name = $1 AND revoked_at IS NULL RETURNING access_id
