"""Payment codes as QR: what they say, and their images.

Knows two standards (NBS IPS QR, EPC069-12) and check digits; must not know payments, nor HTTP.
"""
