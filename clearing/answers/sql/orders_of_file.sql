-- The orders of a file, with the block (PmtInfId) that each is in: of collections those of one scheme, sequence type and day.  $1 MsgId
SELECT o.end_to_end_id, o.kind, o.run_id, o.family, o.account_id, o.currency, o.amount_minor, o.stream, o.about,
       CASE o.kind WHEN 'debit' THEN $1 || '/' || dense_rank() OVER (ORDER BY d.scheme, d.sequence_type, d.collect_on) ELSE $1 END AS block_id
FROM filed_order o
LEFT JOIN clearing_debit d ON o.kind = 'debit' AND d.end_to_end_id = o.end_to_end_id
WHERE o.message_id = $1
ORDER BY o.end_to_end_id
