-- Which of these accounts may bear or get something: clients of the stay's safe, or who has a deposit in it; any where there is no stay.
SELECT a.account_id, a.currency FROM account a
WHERE a.account_id = ANY ($1::bigint[]) AND a.kind = 'safe_client' AND (
    $2::bigint IS NULL
    OR EXISTS (SELECT FROM deposit d WHERE d.stay_id = $2 AND d.account_id = a.account_id)
    OR EXISTS (SELECT FROM cassette_stay s JOIN safe_client c USING (terminal_id) WHERE s.stay_id = $2 AND c.account_id = a.account_id))
