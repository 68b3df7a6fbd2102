-- A bank has said yes after its no, or no after its yes: a case for a person, once.  $1 EndToEndId, $2 what, $3 the bank's word
INSERT INTO cash_case (kind, account_id, currency, amount_minor, content)
SELECT 'compare', o.account_id, o.currency, o.amount_minor, jsonb_build_object(
    'what', $2::text, 'end_to_end_id', o.end_to_end_id, 'payment', o.payment_id, 'bank', o.bank_id, 'word', $3::text)
FROM bank_order o
WHERE o.end_to_end_id = $1 AND NOT EXISTS (
    SELECT FROM cash_case c WHERE c.kind = 'compare' AND c.account_id = o.account_id AND c.content ->> 'what' = $2
        AND c.content ->> 'end_to_end_id' = o.end_to_end_id)
