-- A token ends, where it is its holder's.  $1 SHA-256 of the token, $2 user, $3 now
UPDATE merchant_session SET ended_at = $3::timestamptz WHERE token_hash = $1 AND user_id = $2 AND ended_at IS NULL
