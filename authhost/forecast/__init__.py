"""When will a safe be full: its history by day, a forecast with a range, and the courier asked.

Numbers here are pieces, not money: floats are allowed, for nobody is paid by them.
"""
