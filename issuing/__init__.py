"""Personalization: batches of chip and stripe cards, PIN mailers.

Knows the card (`chip`), the HSM's client and the tables of cards; knows no terminal and no door. A
PIN and a card's key are never here: the HSM gives both out for the one card that they are for.
"""
