-- All that a message of a safe may leave behind, as one number.
SELECT (SELECT count(*) FROM journal) + (SELECT count(*) FROM deposit) + (SELECT count(*) FROM claim)
       + (SELECT count(*) FROM safe_message) + (SELECT count(*) FROM cassette_stay)
       + (SELECT count(*) FROM cash_case) + (SELECT count(*) FROM parked)
       + (SELECT sum(fence) FROM fence) AS kept
