-- What a file was booked with, and what of it was not rejected.  $1 MsgId
SELECT b.count, b.sum_minor, b.booked_on, b.answer_id, b.statement_id, b.line,
       (SELECT count(*)::int FROM filed_order o WHERE o.message_id = $1
        AND NOT EXISTS (SELECT FROM bank_fact x WHERE x.end_to_end_id = o.end_to_end_id AND x.fact = 'rejected')) AS left_count,
       (SELECT coalesce(sum(o.amount_minor), 0)::bigint FROM filed_order o WHERE o.message_id = $1
        AND NOT EXISTS (SELECT FROM bank_fact x WHERE x.end_to_end_id = o.end_to_end_id AND x.fact = 'rejected')) AS left_minor
FROM bank_batch b WHERE b.message_id = $1
