-- Who owed something before this night: it has looked at all that waits.
DELETE FROM account_owing
