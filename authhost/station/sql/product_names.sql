-- A profile's own codes of products to those inside. $1 profile
SELECT code, product FROM product_code WHERE profile = $1
