-- People do not want an invoice collected again after all: what came back of it waits for a decision, as it did before; nothing where a run has
-- collected it meanwhile.  $1 invoice, $2 who has decided so
WITH withdrawn AS (
    UPDATE clearing_again a SET due = false FROM clearing_debit b
    WHERE b.end_to_end_id = a.before_id AND b.invoice = $1 AND b.held = '' AND a.purpose = 'collection' AND a.due AND a.run_id IS NULL
    RETURNING a.before_id
),
made AS (
    INSERT INTO clearing_exception (stream, reason, subject_kind, subject, run_id, account_id, currency, amount_minor, content)
    SELECT DISTINCT ON (e.subject) e.stream, e.reason, e.subject_kind, e.subject, e.run_id, e.account_id, e.currency, e.amount_minor, e.content
    FROM withdrawn w
    JOIN clearing_exception e ON e.subject = w.before_id AND e.subject_kind = 'debit' AND e.reason IN ('debit_rejected', 'debit_returned')
    WHERE e.decision = 'retry'
    ORDER BY e.subject, e.exception_id DESC
    ON CONFLICT (reason, subject_kind, subject) WHERE state <> 'closed' DO NOTHING
    RETURNING exception_id
)
INSERT INTO exception_change (exception_id, event, who, note) SELECT exception_id, 'opened', 'clearing', 'withdrawn by ' || $2 FROM made
