-- What of a file was booked in one sum.  $1 MsgId
SELECT batch_id, count, sum_minor, booked_on, answer_id, statement_id, line FROM bank_batch WHERE message_id = $1 ORDER BY batch_id
