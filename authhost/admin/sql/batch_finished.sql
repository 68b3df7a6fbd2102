-- The cards of a batch that issuing has made active and that have not been given yet what only their order knows.
SELECT l.card_id, o.order_id, o.account_id, o.replaces, o.offline_max_minor
FROM card_order o
JOIN issue_line l ON l.batch_id = o.batch_id AND l.line = o.line AND l.state = 'active'
JOIN card c ON c.card_id = l.card_id
WHERE o.batch_id = $1 AND (c.replaces IS DISTINCT FROM o.replaces OR c.offline_max_minor <> o.offline_max_minor)
ORDER BY l.card_id
