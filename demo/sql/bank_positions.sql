-- What the books say of the banks: what is on their accounts, and what is on its way there (owed to them: negative), by currency.
SELECT currency, coalesce(sum(amount_minor) FILTER (WHERE code = '1000'), 0)::bigint AS account_minor,
       coalesce(sum(amount_minor) FILTER (WHERE code = '1300'), 0)::bigint AS transit_minor
FROM ledger_entry WHERE code IN ('1000', '1300') GROUP BY currency ORDER BY currency
