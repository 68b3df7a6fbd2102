-- What a key stands for.
SELECT fingerprint, answer::text AS answer FROM admin_request WHERE access_id = $1 AND key = $2
