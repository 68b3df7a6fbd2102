-- What became of a message. What is not told stays as it is.
UPDATE message SET
    state = :state,
    approved_minor = coalesce(:approved_minor, approved_minor),
    action = coalesce(:action, action),
    reason = coalesce(:reason, reason),
    approval_code = coalesce(:approval_code, approval_code),
    particulars = coalesce(:particulars, particulars),
    sealed = coalesce(:sealed, sealed),
    sent = sent + :sent,
    errors = errors + :errors,
    noted_at = :noted_at
WHERE id = :id
RETURNING *
