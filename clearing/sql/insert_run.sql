-- What the run stands on, kept once: a repeat works from this row.
INSERT INTO clearing_run (run_id, business_date, stream, sequence, status, journal_digest, journal_count, settings)
VALUES ($1, $2, $3, $4, 'posted', $5, $6, $7)
