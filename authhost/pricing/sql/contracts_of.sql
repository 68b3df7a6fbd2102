-- Every version of an account's contracts.
SELECT contract_id, account_id, contract, currency, valid_from, valid_until, lines::text AS lines, reason, version
FROM price_contract WHERE account_id = ANY ($1::bigint[]) ORDER BY account_id, contract, version
