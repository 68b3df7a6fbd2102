-- One at a time tells a number: what it reads in the next statement is what holds.
LOCK TABLE ksef_number IN SHARE ROW EXCLUSIVE MODE
