-- Two files of one night, as if it had been: one of the operator's own bank, one of the bank TWO.  $1 settings
WITH bank AS (
    INSERT INTO bank (bank_id, name) VALUES ('TWO', 'Second Bank')
),
run AS (
    INSERT INTO clearing_run (run_id, business_date, stream, sequence, status, journal_digest, journal_count, settings)
    VALUES ('2026-07-23/cash/1', '2026-07-23', 'cash', 1, 'posted', '', 0, $1)
),
credits AS (
    INSERT INTO clearing_credit (run_id, end_to_end_id, purpose, place_id, currency, amount_minor, count, remittance, held, bank_id)
    VALUES ('2026-07-23/cash/1', 'E1', 'deposit_credit', 'S1', 'EUR', 1000, 1, '', '', ''),
           ('2026-07-23/cash/1', 'E2', 'deposit_credit', 'S2', 'EUR', 2500, 1, '', '', 'TWO')
)
INSERT INTO bank_file (message_id, run_id, kind, purpose, bank_id, currency, path, count, sum_minor, execute_on, first_id, last_id)
VALUES ('FILE-1', '2026-07-23/cash/1', 'pain001', 'deposit_credit', '', 'EUR', 'bank/1.xml', 1, 1000, '2026-07-24', 'E1', 'E1'),
       ('FILE-2', '2026-07-23/cash/1', 'pain001', 'deposit_credit', 'TWO', 'EUR', 'bank/2.xml', 1, 2500, '2026-07-24', 'E2', 'E2')
