-- The rules row, share-locked until this transaction ends: no day closes under it.
SELECT version FROM rules FOR SHARE
