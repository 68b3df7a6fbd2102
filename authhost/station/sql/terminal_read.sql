-- A station's terminal. $1 terminal
SELECT terminal_id, site_id, acquirer_id, profile FROM station_terminal WHERE terminal_id = $1
