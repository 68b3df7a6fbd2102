-- Whether one of these two ($1, $2) has let the other in.
SELECT EXISTS (SELECT FROM access WHERE (name = $1 AND created_by = $2) OR (name = $2 AND created_by = $1))
