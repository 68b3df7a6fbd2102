-- The oldest one that waits for the host.
SELECT * FROM message WHERE state = 'stored' ORDER BY position, id LIMIT 1
