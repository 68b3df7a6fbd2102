"""Invoices: which lines, in which document, under which number, in which form."""
