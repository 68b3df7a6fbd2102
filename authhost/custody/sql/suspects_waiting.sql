-- Cases of suspected counterfeits that a safe told, and that have no deadline yet: append.sql has opened them.
SELECT c.case_id, d.key, d.account_id, d.currency, d.recorded_at, coalesce((
    SELECT json_agg(json_build_object('value_minor', t.value_minor, 'currency', t.currency, 'category', t.category, 'serial', t.serial))
    FROM pieces_by_category(j.detail, d.currency) t
    JOIN note_category n USING (category) WHERE n.reported), '[]')::text AS suspects
FROM cash_case c JOIN deposit d ON d.key = c.deposit_key
JOIN journal j ON j.business_date = d.business_date AND j.id = d.journal_id
WHERE c.kind = 'counterfeit' AND c.due_at IS NULL AND c.state <> 'closed'
ORDER BY c.case_id LIMIT $1 FOR UPDATE OF c SKIP LOCKED
