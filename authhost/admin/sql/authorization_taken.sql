-- The exception that was matched with an authorization before: none is given to two.  $1 key, $2 the exception that asks
SELECT exception_id FROM clearing_exception WHERE target = $1 AND exception_id <> $2 LIMIT 1
