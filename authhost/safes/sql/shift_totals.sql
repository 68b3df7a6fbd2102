-- The deposits of a shift by currency and kind: those that name it, and those between its opening and its closing that name none.
-- Devices without numbers of their own have sequence 0. $1 terminal, $2 shift, $3 number of the opening, 0: unknown, $4 of the closing
SELECT d.currency, d.kind, count(*) AS count, sum(d.amount_minor)::bigint AS amount_minor
FROM deposit d
JOIN journal j ON j.business_date = d.business_date AND j.id = d.journal_id AND j.leg = 0
WHERE d.terminal_id = $1 AND d.state <> 'reversed'
  AND (d.sequence = 0 AND j.detail ->> 'shift' = $2
       OR d.sequence > $3 AND d.sequence < $4 AND coalesce(j.detail ->> 'shift', CASE WHEN $3::bigint > 0 THEN $2 END) = $2)
GROUP BY 1, 2 ORDER BY 1, 2
