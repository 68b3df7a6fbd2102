-- The invoices of what late returns and reversals give back, the run's own and those that were parked: several where a fleet's day is in
-- several, then with its lines. lined_by: the run that has stored the lines, null where none has; invoiced_by: that has invoiced them. mended: of
-- items that a later night has priced. key: what is named; sold: the sale, which a return that is undone names by that return.
-- $1 run id, $2 business date
WITH late AS (
    SELECT j.original_key AS key, j.account_id, j.currency, p.original_date, p.original_date AS supplied_on,
           CASE WHEN p.amount_minor < 0 THEN j.original_key
                ELSE (SELECT o.key FROM journal o WHERE o.business_date = p.original_date AND o.id = p.original_id) END AS sold
    FROM clearing_run r
    JOIN placement p ON p.run_no = r.run_no AND p.stream = 'fuel' AND p.journal_date = $2::date
    JOIN journal j ON j.business_date = $2::date AND j.stream = 'fuel' AND j.id = p.journal_id
    WHERE r.run_id = $1 AND p.family = 'fuel' AND p.original_date < $2::date
    UNION
    SELECT j.original_key, w.account_id, w.currency, p.original_date, p.original_date, j.original_key
    FROM fuel_line_parked w
    JOIN placement p ON p.stream = 'fuel' AND p.journal_date = w.journal_date AND p.journal_id = w.journal_id
    JOIN journal j ON j.business_date = w.journal_date AND j.id = w.journal_id
    WHERE w.billed_run IS NULL AND w.pump_minor < 0 AND p.original_date IS NOT NULL
    UNION
    -- What came out of suspense was invoiced by the run that it came out with.
    SELECT j.original_key, x.account_id, x.currency, b.business_date, p.original_date, j.original_key
    FROM suspense_release x
    JOIN placement_fuel p ON p.journal_date = x.journal_date AND p.journal_id = x.journal_id
    JOIN journal j ON j.business_date = x.journal_date AND j.id = x.journal_id
    JOIN suspense_release w ON w.journal_date = p.original_date AND w.journal_id = p.original_id
    JOIN clearing_run b ON b.run_id = w.run_id
    WHERE x.run_id = $1 AND x.family = 'suspense_accepted' AND x.amount_minor < 0 AND b.business_date < $2::date
)
SELECT l.key, l.sold, l.account_id, l.currency, m.mended, f.country, l.supplied_on, max(f.run_id) AS lined_by, max(v.run_id) AS invoiced_by,
       array_agg(i.number ORDER BY i.first) AS numbers, array_agg(i.first ORDER BY i.first) AS firsts, array_agg(i.until ORDER BY i.first) AS untils,
       CASE WHEN sum(count(*)) OVER (PARTITION BY l.key, l.sold, l.account_id, l.currency, m.mended) > 1 THEN max(f.content) END AS content
FROM late l
CROSS JOIN (VALUES (false), (true)) AS m (mended)
LEFT JOIN LATERAL (
    SELECT w.billed_run FROM fuel_line_parked w
    WHERE (w.key, w.account_id, w.currency) = (l.sold, l.account_id, l.currency) AND w.billed_run IS NOT NULL
    ORDER BY w.product LIMIT 1) w ON true
LEFT JOIN fuel_line f ON f.account_id = l.account_id AND f.currency = l.currency AND f.corrects = ''
                AND CASE WHEN m.mended THEN f.run_id = w.billed_run ELSE f.business_date = l.original_date END
LEFT JOIN invoice_line i ON (i.run_id, i.account_id, i.currency, i.country, i.corrects)
                          = (f.run_id, f.account_id, f.currency, f.country, f.corrects)
LEFT JOIN invoice v ON v.number = i.number
GROUP BY l.key, l.sold, l.account_id, l.currency, m.mended, f.country, l.supplied_on
ORDER BY l.key, l.account_id, l.currency, m.mended, f.country
