-- SHA-256 over what a run has booked: its placements in parts of 65536 journal ids, then its transfers.
-- $1 run id, $2 business date, $3 stream
WITH parts AS (
    SELECT p.journal_id / 1048576 AS part,
           sha256(convert_to(string_agg(concat_ws('|', p.journal_date, p.journal_id, p.place, p.family, coalesce(p.original_date::text, '-'),
               coalesce(p.original_id, 0), coalesce(p.debit_account_id, 0), coalesce(p.credit_account_id, 0), p.amount_minor, p.currency),
               E'\n' ORDER BY p.journal_id), 'UTF8')) AS digest
    FROM placement p
    WHERE p.stream = $3 AND p.journal_date = $2::date AND p.run_no = (SELECT run_no FROM clearing_run WHERE run_id = $1)
    GROUP BY 1
),
transfers AS (
    SELECT sha256(convert_to(coalesce(string_agg(concat_ws('|', transaction, line, debit, credit, coalesce(debit_account_id, 0),
               coalesce(credit_account_id, 0), amount_minor, currency), E'\n' ORDER BY transaction, line), ''), 'UTF8')) AS digest
    FROM ledger_transfer WHERE run_id = $1
)
SELECT encode(sha256(coalesce((SELECT string_agg(digest, ''::bytea ORDER BY part) FROM parts), ''::bytea)
                     || (SELECT digest FROM transfers)), 'hex')
