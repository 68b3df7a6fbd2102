-- Counterfeits that a run tells banks of.  $1 run id
SELECT t.bank_id, t.currency, t.account_id, t.value_minor, t.serial, t.category, t.deposit_key, t.terminal_id, t.seen_on,
       a.content::text AS party
FROM counterfeit_told t
LEFT JOIN clearing_party a ON a.run_id = $1 AND a.kind = 'account' AND a.party_id = t.account_id::text
WHERE t.run_id = $1
ORDER BY t.bank_id, t.currency, t.account_id, t.counterfeit_id
