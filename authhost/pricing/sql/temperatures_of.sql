-- At which temperatures a source quotes a product in a currency.
SELECT DISTINCT product, temperature FROM base_price WHERE source = $1 AND currency = $2
