"""Dialects: one file each, between what a terminal said and a Request, and back.

Knows messages and the model; knows no socket, no state, no journal. What is wrong with a message is
a Refusal that names the field.
"""
