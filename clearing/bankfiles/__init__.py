"""What goes to banks: credit transfers, direct debits, advices of deposits, each bank's own way.

Knows the forms of files, how banks want them split, mandates, and what is known of a payee before
money is sent. Must not know how a file is delivered, or what a bank answers.
"""
