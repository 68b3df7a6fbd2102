"""Pay by phone: a merchant asks, the payer signs on the phone, the money moves from bank to bank.

Knows payments, their payers and merchants, and what banks are asked for them; must not know HTTP.
"""
