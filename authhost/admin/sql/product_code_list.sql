-- What the codes of a profile stand for; '' is every profile.
SELECT profile, code, product FROM product_code WHERE $1 = '' OR profile = $1 ORDER BY profile, code
