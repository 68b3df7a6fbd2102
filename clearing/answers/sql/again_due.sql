-- Credits that came back and are to be paid again now, with what they were. $1 stream
SELECT a.before_id, a.first_id, a.purpose, c.account_id, c.place_id, c.currency, c.amount_minor, c.count, c.remittance, c.bank_id,
       p.content ->> 'bank_id' AS bank_now
FROM clearing_again a
JOIN clearing_credit c ON c.end_to_end_id = a.before_id AND c.held = ''
LEFT JOIN account_party p USING (account_id)
WHERE a.due AND a.run_id IS NULL AND order_stream(c.run_id, c.purpose) = $1
ORDER BY a.before_id
FOR UPDATE OF a
