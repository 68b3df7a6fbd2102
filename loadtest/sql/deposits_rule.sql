-- From now on every client is credited by this rule; a new fence makes it known.
WITH raised AS (
    UPDATE fence SET fence = fence + 1 WHERE account_id IN (SELECT account_id FROM account WHERE kind = 'safe_client')
)
UPDATE account SET credit_rule = $1 WHERE kind = 'safe_client'
