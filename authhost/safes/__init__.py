"""Smart safes: the life of a deposit, what safes say, and what speaks against a credit."""
