-- What the payer has signed, yes or no.  $1 claim of the word
SELECT j.detail, c.certificate
FROM claim w JOIN journal j ON j.business_date = w.business_date AND j.id = w.journal_id AND j.key = w.key
JOIN payer_certificate c ON c.serial = j.detail ->> 'serial'
WHERE w.key = $1
