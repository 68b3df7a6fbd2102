-- What people have decided about payees; of two the later counts.  $1 reasons
SELECT DISTINCT ON (reason, subject) reason, subject, decision FROM exception_decision
WHERE reason = ANY ($1::text[]) AND subject_kind = 'payee'
ORDER BY reason, subject, exception_id DESC
