-- List prices, as many rows a price as there are sites; those that say the same are one. $1.. arrays, a price each
INSERT INTO wanted (section, key, account_id, sites, currency, value)
SELECT 'prices', p.account_id || '/' || p.product, p.account_id,
       CASE WHEN count(*) = (SELECT count(DISTINCT site_id) FROM station_terminal) THEN NULL
            ELSE array_agg(p.site_id ORDER BY p.site_id COLLATE "C") END, p.currency, p.value
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[]) AS p (account_id, product, site_id, currency, value)
GROUP BY p.account_id, p.product, p.currency, p.value
