-- What is known of a cassette: whether it is registered, and the other safe that it is said to be in. $1 cassette, $2 terminal
SELECT EXISTS (SELECT FROM cassette WHERE cassette_id = $1 AND status = 'active') AS registered,
       (SELECT terminal_id FROM cassette_stay WHERE cassette_id = $1 AND state = 'in_safe' AND terminal_id <> $2 LIMIT 1) AS elsewhere
