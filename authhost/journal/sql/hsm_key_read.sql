-- A key by its name: this version of it, the newest where none is named, the newest that was used where it is 0.
SELECT name, version, usage, algorithm, block, kcv, used_at IS NOT NULL AS used FROM hsm_key
WHERE name = $1 AND ($2::integer IS NULL OR version = $2 OR $2 = 0 AND used_at IS NOT NULL)
ORDER BY version DESC LIMIT 1
