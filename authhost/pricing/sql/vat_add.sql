-- A VAT rate from an instant on.
INSERT INTO vat_rate (product, country, site, valid_from, basis_points, who) VALUES ($1, $2, $3, $4, $5, $6) RETURNING vat_id
