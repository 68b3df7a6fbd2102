-- The cards of a batch that issuing has made active and that have not been given yet what only their order knows; they have it then.
WITH made AS (
    SELECT l.card_id, o.order_id, o.account_id, o.replaces, o.offline_max_minor
    FROM card_order o
    JOIN issue_line l ON l.batch_id = o.batch_id AND l.line = o.line AND l.state = 'active' AND l.card_id IS NOT NULL
    WHERE o.batch_id = $1 AND NOT o.finished
    FOR NO KEY UPDATE OF o
),
noted AS (UPDATE card_order o SET finished = true FROM made WHERE o.order_id = made.order_id)
SELECT * FROM made ORDER BY card_id
