-- What one fleet pays here, by product.
SELECT substr(key, length(:account) + 2) AS product, value FROM catalogue_entry
WHERE section = 'prices' AND key >= :account || '/' AND key < :account || '0'
