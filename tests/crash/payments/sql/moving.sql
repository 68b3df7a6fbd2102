-- Whether anything of a payment is on its way: a word, a bank's, a webhook.
SELECT 1 WHERE EXISTS (SELECT FROM payment WHERE state IN ('created', 'sent', 'opened', 'signed', 'unknown'))
    OR EXISTS (SELECT FROM bank_order WHERE state IN ('queued', 'sent', 'unknown')) OR EXISTS (SELECT FROM webhook WHERE state = 'waiting')
