-- These are asked for; what later nights have booked is open still.
-- $1 stream, $2 accounts, $3 currencies, $4 whether netted, $5 last days, $6 business date
MERGE INTO fee_open f
USING (
    SELECT d.*, CASE WHEN d.last_day < $6::date THEN (
        SELECT min(day) FROM (
            SELECT s.business_date AS day FROM merchant_settlement s
            WHERE $1 = 'payments' AND s.account_id = d.account_id AND s.currency = d.currency AND (s.fees_by = 'net') = d.is_netted
              AND s.business_date > d.last_day AND (s.fees_minor <> 0 OR s.vat_minor <> 0)
            UNION ALL
            SELECT s.period_to FROM fee_statement s
            WHERE $1 = 'cash' AND s.account_id = d.account_id AND s.currency = d.currency AND (s.settle = 'net') = d.is_netted
              AND s.period_to > d.last_day AND s.gross_minor <> 0) later) END AS next_day
    FROM unnest($2::bigint[], $3::text[], $4::boolean[], $5::date[]) AS d (account_id, currency, is_netted, last_day)) d
ON f.stream = $1 AND (f.account_id, f.currency, f.is_netted) = (d.account_id, d.currency, d.is_netted)
WHEN MATCHED AND d.next_day IS NULL THEN DELETE
WHEN MATCHED THEN UPDATE SET first_day = d.next_day
