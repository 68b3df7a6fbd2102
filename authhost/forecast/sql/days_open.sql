-- Pieces by day of these safes on business dates that are not rolled up yet, by the stays of the last days; by the host's clock.
SELECT d.terminal_id, (d.recorded_at AT TIME ZONE s.time_zone)::date AS local_day, sum(d.notes)::bigint AS notes, sum(d.coins)::bigint AS coins
FROM safe s JOIN cassette_stay c USING (terminal_id) JOIN deposit d USING (stay_id)
WHERE s.terminal_id = ANY ($1::text[]) AND (c.state = 'in_safe' OR c.closed_at > $2) AND d.terminal_id = s.terminal_id
  AND NOT EXISTS (SELECT FROM safe_day_done r WHERE r.business_date = d.business_date)
GROUP BY 1, 2
