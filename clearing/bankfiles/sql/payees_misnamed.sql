-- Payees whose bank has another name, which people have not answered, or have said to be somebody else's; and no bank has said since that it is
-- theirs.  $1 the reason of the exceptions
SELECT DISTINCT e.subject
FROM clearing_exception e LEFT JOIN exception_decision d USING (exception_id)
WHERE e.reason = $1 AND e.subject_kind = 'payee' AND (e.state IN ('open', 'assigned', 'proposed') OR d.decision = 'reject')
  AND (SELECT v.outcome FROM payee_verification v WHERE v.iban = e.content ->> 'iban' AND v.name = e.content ->> 'name'
       ORDER BY v.verification_id DESC LIMIT 1) IS DISTINCT FROM 'match'
