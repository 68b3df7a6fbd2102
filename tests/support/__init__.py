"""Shared by the tests of the host: a host in this process, a small portfolio, a client of bytes."""
