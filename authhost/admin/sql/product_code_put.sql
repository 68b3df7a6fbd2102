-- What a profile's code stands for; how it was before, NULL where it was nothing.
WITH before AS (SELECT product FROM product_code WHERE profile = $1 AND code = $2),
put AS (
    INSERT INTO product_code (profile, code, product) VALUES ($1, $2, $3)
    ON CONFLICT (profile, code) DO UPDATE SET product = excluded.product
    WHERE product_code.product <> excluded.product
    RETURNING product
)
SELECT (SELECT product FROM before) AS before, EXISTS (SELECT FROM put) AS changed
