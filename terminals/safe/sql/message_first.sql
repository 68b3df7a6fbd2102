-- What is to be sent next: the smallest number that waits.
SELECT * FROM message WHERE state = 'stored' ORDER BY sequence LIMIT 1
