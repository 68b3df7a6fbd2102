"""Receipts of deposits: the document, its tie to the journal, and how it is printed.

Knows the journal's row of a deposit and master data of its parties. Nothing here decides about a
deposit or changes one.
"""
