-- A card is given what its order says once: what is changed of it afterwards stays.
ALTER TABLE card_order ADD COLUMN finished boolean NOT NULL DEFAULT false;
UPDATE card_order o SET finished = true FROM issue_line l JOIN card c USING (card_id)
WHERE l.batch_id = o.batch_id AND l.line = o.line AND l.state = 'active'
  AND c.replaces IS NOT DISTINCT FROM o.replaces AND c.offline_max_minor = o.offline_max_minor;
