-- How a safe ($1) calls a client ($2); how it did before, NULL where it did not know him.
WITH before AS (SELECT reference FROM safe_client WHERE terminal_id = $1 AND account_id = $2),
put AS (
    INSERT INTO safe_client (terminal_id, account_id, reference) VALUES ($1, $2, $3)
    ON CONFLICT (terminal_id, account_id) DO UPDATE SET reference = excluded.reference
    WHERE safe_client.reference <> excluded.reference
    RETURNING account_id
)
SELECT (SELECT reference FROM before) AS before, EXISTS (SELECT FROM put) AS changed
