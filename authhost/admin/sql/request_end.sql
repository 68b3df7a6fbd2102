-- The answer to a creating request, written with what it created.
UPDATE admin_request SET answer = $3 WHERE access_id = $1 AND key = $2
