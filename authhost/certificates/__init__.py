"""Certificates of devices: asked for, issued, renewed, revoked; and how the doors look at them.

Knows X.509 (RFC 5280), PKCS#10 (RFC 2986) and the table of certificates; must not know messages.
"""
