"""The host's side of a station: catalogues, heartbeats, totals, shifts, parked rows.

Knows terminals, their sites and what the journal says of them; decides about no message. What
happens to money happens in `authorize`; here it is counted again and compared.
"""
