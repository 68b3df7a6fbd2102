-- What was decided about orders of this stream, and no run has carried out.  $1 stream
SELECT d.exception_id, d.reason, d.subject_kind, d.subject, d.decision, d.decided_by, e.account_id, e.currency, e.amount_minor
FROM exception_decision d JOIN clearing_exception e USING (exception_id)
WHERE d.stream = $1 AND d.done_by = ''
  AND (d.reason IN ('credit_rejected', 'credit_returned', 'debit_rejected', 'debit_returned', 'paid_though_rejected', 'duplicate_told')
       OR d.decision = 'withdraw')
ORDER BY d.exception_id
FOR UPDATE OF d
