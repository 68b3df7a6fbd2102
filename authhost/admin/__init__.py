"""Master data and who may change it: access, accounts, cards, imports, watching, the audit trail.

Knows the tables of parties and their rules (a change raises a fence or the rules version with it);
knows no socket and no HTTP. What a message is decided by is read elsewhere; here it is changed.
"""
