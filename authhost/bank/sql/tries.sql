-- How often each of these has been sent, locked in the order of keys.  $1 keys
SELECT key, tries FROM deposit WHERE key = ANY ($1::text[]) ORDER BY key FOR UPDATE
