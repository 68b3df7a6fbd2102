-- All refunds, with what the bank was asked of each.
SELECT r.refund_id, r.payment_id, r.amount_minor, r.state, o.state AS order_state, p.sandbox
FROM refund r JOIN payment p USING (payment_id) LEFT JOIN bank_order o ON o.end_to_end_id = 'R' || r.refund_id
