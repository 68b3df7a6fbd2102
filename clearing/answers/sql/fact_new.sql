-- Facts that are not known yet; those are told back, and a refusal that was thought to pass and does not. $1 fact, $2 answer, $3 statement,
-- then arrays: $4 end-to-end ids, $5 kinds, $6 families, $7 accounts, $8 streams, $9 minor units, $10 currencies, $11 days, $12 reasons,
-- $13 lines, $14 the bank's references, $15 whether it passes
INSERT INTO bank_fact (fact, answer_id, statement_id, end_to_end_id, kind, family, account_id, stream, amount_minor, currency, on_day,
                       reason, line, bank_reference, passing)
SELECT $1, $2, $3, n.*
FROM unnest($4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::bigint[], $10::text[], $11::date[], $12::text[],
            $13::int[], $14::text[], $15::boolean[]) n
ON CONFLICT (end_to_end_id, fact) DO UPDATE SET passing = false, reason = excluded.reason, answer_id = excluded.answer_id
WHERE bank_fact.passing AND NOT excluded.passing AND bank_fact.run_id IS NULL
RETURNING end_to_end_id
