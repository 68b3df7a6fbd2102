-- $1 exception
SELECT exception_id, stream, reason, subject_kind, subject, state, owner, decision, target, target_account_id, proposed_by, decided_by, currency
FROM clearing_exception WHERE exception_id = $1 FOR UPDATE
