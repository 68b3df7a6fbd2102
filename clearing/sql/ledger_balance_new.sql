-- What a run has moved on each account of the chart.  $1 run id, $2 business date, $3 stream
WITH moved AS (
    SELECT r.debit, r.credit, g.currency, g.entries, g.plus, g.minus
    FROM (SELECT p.family, p.currency, count(*) AS entries, coalesce(sum(p.amount_minor) FILTER (WHERE p.amount_minor > 0), 0) AS plus,
                 coalesce(-sum(p.amount_minor) FILTER (WHERE p.amount_minor < 0), 0) AS minus
          FROM placement p
          WHERE p.stream = $3 AND p.journal_date = $2::date AND p.amount_minor <> 0
            AND p.run_no = (SELECT run_no FROM clearing_run WHERE run_id = $1)
          GROUP BY 1, 2) g
    JOIN posting_rule r USING (family)
    UNION ALL
    SELECT debit, credit, currency, count(*), coalesce(sum(amount_minor) FILTER (WHERE amount_minor > 0), 0),
           coalesce(-sum(amount_minor) FILTER (WHERE amount_minor < 0), 0)
    FROM ledger_transfer WHERE run_id = $1 GROUP BY 1, 2, 3
)
INSERT INTO ledger_balance (run_no, code, currency, entries, debits_minor, credits_minor)
SELECT run_no, code, currency, sum(entries)::bigint, sum(debits)::bigint, sum(credits)::bigint
FROM (SELECT debit AS code, currency, entries, plus AS debits, minus AS credits FROM moved
      UNION ALL SELECT credit, currency, entries, minus, plus FROM moved) side
CROSS JOIN (SELECT run_no FROM clearing_run WHERE run_id = $1) run
GROUP BY run_no, code, currency
