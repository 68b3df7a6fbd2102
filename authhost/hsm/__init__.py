"""The host's client of the payment HSM. Knows host commands and sockets, no clear key, no PIN."""
