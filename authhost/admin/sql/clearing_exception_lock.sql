-- $1 exception
SELECT exception_id, stream, reason, subject_kind, subject, state, owner, decision, proposed_by, decided_by
FROM clearing_exception WHERE exception_id = $1 FOR UPDATE
