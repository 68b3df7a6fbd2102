-- The terminals of a site, as keys name them. $1 site
SELECT replace(replace(terminal_id, '%', '%25'), '/', '%2F') AS name FROM terminal WHERE site_id = $1
