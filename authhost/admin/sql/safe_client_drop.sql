-- A client whom a safe credits no more.
DELETE FROM safe_client WHERE terminal_id = $1 AND account_id = $2 RETURNING reference
