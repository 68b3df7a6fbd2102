-- Heartbeats and events are kept for a time. $1 heartbeats before, $2 events before
WITH events AS (DELETE FROM station_event WHERE at < $2)
DELETE FROM station_heartbeat WHERE received_at < $1
