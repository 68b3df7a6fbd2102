-- What people have decided about payees; of two the later counts.  $1 reasons, $2 these subjects, null: all
SELECT DISTINCT ON (reason, subject) reason, subject, decision FROM exception_decision
WHERE reason = ANY ($1::text[]) AND subject_kind = 'payee' AND ($2::text[] IS NULL OR subject = ANY ($2))
ORDER BY reason, subject, exception_id DESC
