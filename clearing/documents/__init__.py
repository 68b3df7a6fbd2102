"""Documents for people: invoices, settlements and statements as PDF/A-3b, typeset by typst.

Knows what a page shows and in which language. Must not decide any amount: whatever is printed was
decided, stored and written as data before; a document is read back and must say the same.
"""
