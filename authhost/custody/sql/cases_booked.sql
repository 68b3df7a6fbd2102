-- Decided cases whose postings are all in the journal are closed; the stays that are to be looked at again.
WITH done AS (
    UPDATE cash_case c SET state = 'closed',
        journal_key = (SELECT min(p.journal_key) FROM custody_posting p WHERE p.case_id = c.case_id AND p.kind = 'adjustment')
    WHERE c.state = 'decided' AND NOT EXISTS (SELECT FROM custody_posting p WHERE p.case_id = c.case_id AND p.journal_key IS NULL)
    RETURNING c.case_id, c.stay_id
),
noted AS (
    INSERT INTO case_change (case_id, event, at, who) SELECT case_id, 'booked', $1, 'host' FROM done
)
SELECT DISTINCT stay_id FROM done WHERE stay_id IS NOT NULL
