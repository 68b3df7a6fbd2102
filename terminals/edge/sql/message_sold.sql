-- What was sold off line to a card of which the host has not heard, less what was given back.
SELECT coalesce(sum(amount_minor - coalesce((
    SELECT sum(back.amount_minor) FROM message back
    WHERE back.original = message.id AND back.kind = 'reversal'), 0)), 0)
FROM message
WHERE card_key = :card_key AND kind = 'offline_sale' AND state IN ('stored', 'parked')
