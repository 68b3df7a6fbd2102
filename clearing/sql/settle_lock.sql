-- One night at a time settles with merchants: each goes on from where the last one left them.
LOCK TABLE merchant_balance IN SHARE ROW EXCLUSIVE MODE
