-- Where a contract may hold.
SELECT site_id, region, country FROM site
