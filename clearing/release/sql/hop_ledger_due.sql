-- What they have to say: each place by the rule of its family, and what the night has moved besides.
-- $1 run id, $2 business date, $3 stream
SELECT side.code AS kind, moved.currency, sum(moved.count)::bigint AS count, sum(moved.minor * side.sign)::bigint AS sum_minor, '' AS digest
FROM (
    SELECT r.debit, r.credit, p.currency, count(*) AS count, sum(p.amount_minor) AS minor
    FROM placement p JOIN posting_rule r USING (family)
    WHERE p.stream = $3 AND p.journal_date = $2::date AND p.amount_minor <> 0
      AND p.run_no = (SELECT run_no FROM clearing_run WHERE run_id = $1)
    GROUP BY 1, 2, 3
    UNION ALL
    SELECT debit, credit, currency, count(*), sum(amount_minor) FROM ledger_transfer WHERE run_id = $1 GROUP BY 1, 2, 3
) moved
CROSS JOIN LATERAL (VALUES (moved.debit, 1), (moved.credit, -1)) AS side (code, sign)
GROUP BY 1, 2 ORDER BY side.code COLLATE "C", moved.currency
