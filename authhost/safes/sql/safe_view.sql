-- A safe with all that decides about a deposit in it, and its clients' fences, in one snapshot. $1 terminal
-- What is inside is counted where somebody has said how much fits. One row always: the rules version is there even where no safe is.
SELECT r.version AS rules_version, s.terminal_id, s.currencies, s.note_capacity, s.coin_capacity, s.shift, s.shift_required, s.named_depositors,
       s.cassette_id, coalesce(inside.notes, 0)::bigint AS notes_inside, coalesce(inside.coins, 0)::bigint AS coins_inside,
       (SELECT json_agg(json_build_object(
                   'reference', c.reference, 'account_id', a.account_id, 'name', a.name, 'currency', a.currency,
                   'iban', a.iban, 'bank_id', a.bank_id, 'standing', a.standing,
                   'deposit_key', encode(a.deposit_key, 'base64'), 'address', a.address, 'contact', a.contact,
                   'fence', f.fence))
        FROM safe_client c JOIN account a USING (account_id) JOIN fence f USING (account_id)
        WHERE c.terminal_id = s.terminal_id)::text AS clients,
       (SELECT json_agg(json_build_array(d.account_id, d.code, d.status))
        FROM safe_client c JOIN depositor d USING (account_id)
        WHERE c.terminal_id = s.terminal_id AND (d.terminals IS NULL OR s.terminal_id = ANY (d.terminals)))::text AS depositors,
       (SELECT json_agg(json_build_array(m.sequence, m.shift) ORDER BY m.sequence)
        FROM (SELECT sequence, CASE kind WHEN 'shift_open' THEN content ->> 'shift' ELSE '' END AS shift
              FROM safe_message WHERE terminal_id = s.terminal_id AND kind IN ('shift_open', 'shift_close')
              ORDER BY sequence DESC LIMIT 64) m)::text AS shift_marks,
       (SELECT coalesce(max(sequence), 0) FROM safe_message WHERE terminal_id = s.terminal_id AND kind = 'swap') AS last_swap,
       (SELECT json_agg(json_build_array(t.stay_id, t.cassette_id, t.state, coalesce(c.status = 'active', false)) ORDER BY t.stay_id)
        FROM cassette_stay t LEFT JOIN cassette c USING (cassette_id)
        WHERE t.terminal_id = s.terminal_id AND t.state IN ('in_safe', 'picked_up'))::text AS stays,
       (SELECT json_agg(json_build_array(category, credited, reported)) FROM note_category)::text AS categories
FROM rules r
LEFT JOIN safe s ON s.terminal_id = $1
LEFT JOIN LATERAL (
    SELECT sum(d.notes) AS notes, sum(d.coins) AS coins
    FROM cassette_stay t JOIN deposit d USING (stay_id)
    WHERE t.terminal_id = s.terminal_id AND t.state = 'in_safe' AND s.note_capacity + s.coin_capacity > 0
) inside ON true
