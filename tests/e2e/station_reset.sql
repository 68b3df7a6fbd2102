-- A station as it was before a test: nobody's chip, no version, no rule.
TRUNCATE catalogue_entry, catalogue_version, catalogue_fence, station_rules, station_heartbeat, station_latest, station_alarm,
         station_event, station_shift_step, station_shift, station_day, issue_spoiled, parked_step, parked_work, parked, issue_line,
         product_code;
DELETE FROM product_group;
UPDATE catalogue_built SET version = 0, horizon = 1, rules_version = 0, month = '', renewed_at = NULL, prices_until = NULL;
UPDATE terminal SET site_id = 'S1' WHERE terminal_id = 'POS00001';
UPDATE catalogue_key SET signs_since = NULL WHERE number > 1;
DELETE FROM catalogue_key WHERE number > 1;
DELETE FROM hsm_key WHERE name = 'catalogue/signer' AND version > 1;
