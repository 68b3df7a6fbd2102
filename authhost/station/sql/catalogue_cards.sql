-- Chip cards that may buy off line, and those that may buy nowhere, by the chip's serial number.
-- A chip that spoiled in its making is closed, unless it became a card after all. $1 accounts, null: all; $2 the month, YYMM
WITH chip AS (
    SELECT l.card_serial, l.card_id FROM issue_line l WHERE l.card_serial <> '' AND l.card_id IS NOT NULL
    UNION ALL
    SELECT s.card_serial, s.card_id FROM issue_spoiled s WHERE s.card_serial <> ''
),
held AS MATERIALIZED (
    SELECT DISTINCT ON (chip.card_serial COLLATE "C") chip.card_serial AS serial, c.account_id, a.currency, c.offline_max_minor, a.offline,
           c.products AS own, a.products AS fleets, c.sites AS own_sites, a.sites AS fleet_sites,
           coalesce(c.prompts, a.prompts) AS prompts,
           CASE WHEN c.status IN ('lost', 'stolen', 'blocked', 'closed') THEN c.status
                WHEN a.status <> 'active' OR b.status <> 'active' THEN 'account_blocked'
                WHEN v.status <> 'active' OR d.status <> 'active' THEN 'blocked'
                WHEN c.status = 'active' THEN '' END AS reason  -- null: not effective yet
    FROM chip
    JOIN card c ON c.card_id = chip.card_id
    JOIN account a ON a.account_id = c.account_id
    LEFT JOIN subaccount b ON b.subaccount_id = c.subaccount_id
    LEFT JOIN vehicle v ON v.vehicle_id = c.vehicle_id
    LEFT JOIN driver d ON d.driver_id = c.driver_id
    WHERE a.kind = 'fleet' AND c.expiry >= $2 AND ($1::bigint[] IS NULL OR c.account_id = ANY ($1))
    ORDER BY chip.card_serial COLLATE "C", c.status = 'active' DESC, c.card_id DESC
),
-- Many cards have the same lists: a group is looked up once a list.
list AS (
    SELECT l.names, ARRAY(SELECT DISTINCT e.product COLLATE "C" FROM (
               SELECT unnest(g.products) AS product FROM product_group g WHERE '@' || g.name = ANY (l.names)
               UNION ALL SELECT n FROM unnest(l.names) n WHERE n NOT LIKE '@%') e ORDER BY 1) AS products
    FROM (SELECT own FROM held WHERE own IS NOT NULL UNION SELECT fleets FROM held WHERE fleets IS NOT NULL) l (names)
),
named AS (
    SELECT h.*, CASE WHEN h.own IS NULL THEN f.products WHEN h.fleets IS NULL THEN o.products
                     ELSE ARRAY(SELECT unnest(o.products) INTERSECT SELECT unnest(f.products) ORDER BY 1) END AS products,
           CASE WHEN h.own_sites IS NULL AND h.fleet_sites IS NULL THEN NULL
                ELSE ARRAY(SELECT unnest(coalesce(h.own_sites, h.fleet_sites))
                           INTERSECT SELECT unnest(coalesce(h.fleet_sites, h.own_sites)) ORDER BY 1) END AS sites
    FROM held h LEFT JOIN list o ON o.names = h.own LEFT JOIN list f ON f.names = h.fleets
)
INSERT INTO wanted (section, key, account_id, sites, currency, value)
SELECT 'cards', serial, account_id, sites, currency, jsonb_build_object(
           'account', account_id, 'products', to_jsonb(products), 'max', offline_max_minor,
           'prompts', CASE WHEN prompts = '[]' THEN prompts
                           ELSE jsonb_path_query_array(prompts, '$[*] ? (@.required == true).prompt') END)::text
FROM named WHERE reason = '' AND offline AND offline_max_minor > 0
UNION ALL
SELECT 'blocklist', serial, account_id, NULL, NULL, to_jsonb(reason)::text FROM named WHERE reason <> ''
