-- The posting logics that hold on a day, with the clock of each customer.  $1 business date
SELECT DISTINCT ON (b.account_id) b.account_id, b.terms::text AS terms, a.time_zone
FROM booking_logic b JOIN account a USING (account_id)
WHERE b.valid_from <= $1::date
ORDER BY b.account_id, b.valid_from DESC, b.version DESC
