-- Whether a key ($1) is another terminal's than $2, or was compromised.
SELECT EXISTS (SELECT FROM device_certificate WHERE public_key = $1 AND (terminal_id <> $2 OR reason = 'key_compromise'))
