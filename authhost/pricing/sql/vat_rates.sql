-- VAT rates that were entered after one, in the order of their entry.
SELECT vat_id, product, country, site, valid_from, basis_points FROM vat_rate WHERE vat_id > $1 ORDER BY vat_id
