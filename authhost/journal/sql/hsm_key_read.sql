-- A key by its name: this version of it, or the newest where none is named.
SELECT name, version, usage, algorithm, block, kcv, used_at IS NOT NULL AS used FROM hsm_key
WHERE name = $1 AND ($2::integer IS NULL OR version = $2)
ORDER BY version DESC LIMIT 1
