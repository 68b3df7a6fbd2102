-- All keys, as an operator looks at them.
SELECT name, version, usage, algorithm, kcv, created_at, used_at FROM hsm_key ORDER BY name, version
