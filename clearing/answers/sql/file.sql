-- A payment file of ours under its lock: what two messages say of it comes one after the other.  $1 MsgId
SELECT f.message_id, f.run_id, f.kind, f.purpose, f.bank_id, f.currency, f.path, f.count, f.sum_minor, r.settings,
       (SELECT b.content::text FROM clearing_party b WHERE b.run_id = f.run_id AND b.kind = 'bank' AND b.party_id = f.bank_id) AS bank
FROM bank_file f
JOIN clearing_run r USING (run_id)
WHERE f.message_id = $1 AND pg_advisory_xact_lock(hashtext('authhost.bank_file'), hashtext($1)) IS NOT NULL
