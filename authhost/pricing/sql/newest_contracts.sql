-- Which accounts have got a version of a contract after one, and which was the last.
SELECT account_id, max(contract_id) AS contract_id FROM price_contract WHERE contract_id > $1 GROUP BY account_id
