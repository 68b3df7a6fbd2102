-- The instant before which every flagged row that will ever be there is there already: the begin of the oldest transaction that
-- has written anything. A row is recorded (clock_timestamp) after its transaction has its number: one that has none yet records
-- later than now. hidden: transactions of others that this user may not look at.
SELECT least(clock_timestamp(), min(xact_start) FILTER (WHERE backend_xid IS NOT NULL)) AS horizon,
       count(*) FILTER (WHERE query = '<insufficient privilege>') AS hidden
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
