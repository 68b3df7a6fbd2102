-- An original and the open holds that raise it, unlocked.
SELECT key, state, remaining, business_date, journal_id, extends, stands FROM claim WHERE key = $1 OR (extends = $1 AND state = 2) ORDER BY key
