-- For the next run of its stream, or for nobody: it is done.  $1 exception, $2 decision, $3 who, $4 '' or what has done it
INSERT INTO exception_decision (exception_id, stream, reason, subject_kind, subject, decision, decided_by, done_by, target_account_id)
SELECT exception_id, stream, reason, subject_kind, subject, $2, $3, $4, target_account_id FROM clearing_exception WHERE exception_id = $1
