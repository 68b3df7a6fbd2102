-- What stands of the series of a list, in order of time, the highest version of each instant: product, temperature, currency are arrays.
SELECT DISTINCT ON (b.product, b.temperature, b.currency, b.valid_from)
       b.product, b.price, b.currency, b.unit, b.tax_basis, b.temperature, b.valid_from, b.valid_until, b.version
FROM base_price b
JOIN (SELECT DISTINCT * FROM unnest($2::text[], $3::text[], $4::text[]) AS wanted (product, temperature, currency)) wanted
  USING (product, temperature, currency)
WHERE b.source = $1
ORDER BY b.product, b.temperature, b.currency, b.valid_from, b.version DESC
