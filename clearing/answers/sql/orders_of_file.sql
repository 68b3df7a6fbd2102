-- $1 MsgId
SELECT end_to_end_id, kind, run_id, family, account_id, currency, amount_minor, stream FROM filed_order WHERE message_id = $1
ORDER BY end_to_end_id
