-- What a list has said of payees and people have not answered, or have said to be so; whose list it was does not count.
-- $1 the reason of the exceptions
SELECT DISTINCT ON (e.subject) e.account_id, e.content ->> 'name' AS name, e.content ->> 'entry' AS entry, e.content ->> 'listed' AS listed,
       e.content ->> 'program' AS program, e.content ->> 'way' AS way
FROM clearing_exception e LEFT JOIN exception_decision d USING (exception_id)
WHERE e.reason = $1 AND e.subject_kind = 'payee' AND (e.state IN ('open', 'assigned', 'proposed') OR d.decision = 'reject')
ORDER BY e.subject, e.exception_id
