-- From which fence on a vehicle's readings count, within the scope.
SELECT meter_reset_fence FROM vehicle WHERE vehicle_id = $1 AND ($2::bigint IS NULL OR account_id = $2)
