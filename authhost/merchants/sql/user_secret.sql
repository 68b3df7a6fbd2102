-- A client's next secret; the one before is good no more.  $1 user, $2 SHA-256 of it
UPDATE merchant_user SET secret_hash = $2 WHERE user_id = $1 AND kind = 'client' AND status <> 'closed' RETURNING user_id
