-- Versions before an instant are not differed from any more, and what ended with them is deleted. $1 instant
WITH old AS (
    UPDATE catalogue_built SET horizon = greatest(horizon, (
        SELECT max(version) FROM catalogue_version WHERE issued_at < $1)) RETURNING horizon
),
versions AS (
    DELETE FROM catalogue_version v USING old WHERE v.version < old.horizon
)
DELETE FROM catalogue_entry e USING old WHERE e.until <= old.horizon
