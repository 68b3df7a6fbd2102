-- The rules row, share-locked until this transaction ends: no day closes under it.
SELECT version, business_date FROM rules FOR SHARE
