-- What a payer's yes has taken, leg by leg.  $1 claim of the word
SELECT j.account_id, j.day, j.week, j.month, j.minute, j.money, j.count, j.leg
FROM claim c JOIN journal j ON j.business_date = c.business_date AND j.key = c.key
WHERE c.key = $1 AND j.id BETWEEN c.journal_id AND c.journal_id + 15 AND j.kind = 'payment_authorization' ORDER BY j.leg
