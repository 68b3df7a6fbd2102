-- Stays that were counted and have deposits which came after it: they are compared again.
SELECT s.stay_id FROM cassette_stay s
WHERE s.state IN ('counted', 'settled') AND EXISTS (
    SELECT FROM deposit d WHERE d.stay_id = s.stay_id AND d.state IN ('reported', 'provisional'))
ORDER BY s.stay_id LIMIT $1
