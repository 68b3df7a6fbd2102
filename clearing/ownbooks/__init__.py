"""The parties' own books: invoices for fees, self-billing of suppliers, booking records.

Knows what a night has booked with each party, and in which form that party's own accounting takes
it; must not know how it was cleared, nor how a file reaches anybody.
"""
