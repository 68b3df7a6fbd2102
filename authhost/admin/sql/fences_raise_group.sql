-- The fences of all accounts that a product group ($1, its name) says something about, under the table's lock: views and sums have its
-- products in them.
UPDATE fence SET fence = fence + 1 WHERE account_id IN (
    SELECT account_id FROM account
    WHERE '@' || $1 = ANY (products) OR limits @> jsonb_build_array(jsonb_build_object('group', $1::text))
       OR site_limits @> jsonb_build_array(jsonb_build_object('group', $1::text))
    UNION ALL SELECT account_id FROM subaccount WHERE limits @> jsonb_build_array(jsonb_build_object('group', $1::text))
    UNION ALL SELECT account_id FROM vehicle WHERE limits @> jsonb_build_array(jsonb_build_object('group', $1::text))
    UNION ALL SELECT account_id FROM driver WHERE limits @> jsonb_build_array(jsonb_build_object('group', $1::text))
    UNION ALL SELECT account_id FROM card
    WHERE '@' || $1 = ANY (products) OR limits @> jsonb_build_array(jsonb_build_object('group', $1::text)))
