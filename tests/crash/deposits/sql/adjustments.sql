-- What was booked on each account after a count or a decision, by the decision that it came from.
SELECT p.posting_id, p.account_id, p.amount_minor, p.journal_key,
       (SELECT count(*) FROM journal j WHERE j.key = p.journal_key AND j.leg = 0) AS rows
FROM custody_posting p
