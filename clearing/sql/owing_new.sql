-- Who owes more than this night's credits gave.  $1 run_id
INSERT INTO account_owing (account_id, run_id)
SELECT DISTINCT account_id, run_id FROM clearing_credit
WHERE run_id = $1 AND purpose = 'deposit_credit' AND held = 'carried_over' AND account_id IS NOT NULL
