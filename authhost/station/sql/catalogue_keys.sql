-- Every key that signs, has signed or will.
SELECT number, public_key, signs_since FROM catalogue_key ORDER BY number
