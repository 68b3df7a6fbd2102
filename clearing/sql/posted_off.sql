-- Whether the run's places are other rows, or other amounts, than the journal says to place: by currency and in sums, over both tables once;
-- which row it is, unplaced.sql and journal_to_ledger.sql find out.  $1 run id, $2 business date, $3 stream
SELECT EXISTS (
    SELECT FROM (
        SELECT currency, count(*) AS count, sum(minor) AS minor, sum(hashint8extended(id, minor)::numeric) AS rows
        FROM journal
        CROSS JOIN LATERAL (SELECT CASE kind WHEN 'verification' THEN -money ELSE posted_minor END AS minor) booked
        WHERE business_date = $2::date AND stream = $3
          AND (posted_minor <> 0
               OR (approved AND kind IN ('sale', 'offline_sale', 'completion', 'deposit', 'payment', 'payment_receipt',
                                         'preauthorization', 'increment', 'deposit_authorization', 'adjustment', 'verification')))
        GROUP BY currency) j
    FULL JOIN (
        SELECT currency, count(*) AS count, sum(amount_minor) AS minor, sum(hashint8extended(journal_id, amount_minor)::numeric) AS rows
        FROM placement
        WHERE stream = $3 AND journal_date = $2::date AND run_no = (SELECT run_no FROM clearing_run WHERE run_id = $1)
        GROUP BY currency) p USING (currency)
    WHERE (j.count, j.minor, j.rows) IS DISTINCT FROM (p.count, p.minor, p.rows))
