-- One piece with the account holder's data; where a count cannot say whose it is, with all who put in that denomination. $2 bank that looks.
SELECT f.counterfeit_id, f.currency, f.value_minor, f.serial, f.category, f.seen_at, f.due_on, f.reported_at, f.report,
       c.terminal_id, coalesce(st.cassette_id, '') AS cassette, coalesce(si.name, '') AS site,
       coalesce(sf.placement, '{}')::text AS placement, d.recorded_at AS deposited_at,
       coalesce(j.detail ->> 'depositor', '') AS depositor, coalesce(j.detail ->> 'receipt', '') AS receipt,
       f.account_id IS NOT NULL AS holder_known,
       (SELECT coalesce(json_agg(json_build_object(
            'account_id', a.account_id, 'name', a.name, 'iban', coalesce(a.iban, ''), 'bank_id', coalesce(a.bank_id, ''),
            'address', a.address, 'contact', a.contact) ORDER BY a.account_id), '[]')
        FROM account a
        WHERE a.account_id = f.account_id OR (f.account_id IS NULL AND c.stay_id IS NOT NULL AND a.account_id IN (
            SELECT o.account_id FROM deposit o JOIN journal oj ON oj.business_date = o.business_date AND oj.id = o.journal_id
            WHERE o.stay_id = c.stay_id AND o.currency = f.currency AND o.state <> 'reversed'
              AND (oj.detail -> 'denominations' IS NULL OR EXISTS (
                  SELECT FROM json_array_elements(oj.detail -> 'denominations') e WHERE (e ->> 'value_minor')::bigint = f.value_minor))))
       )::text AS holders
FROM counterfeit f JOIN cash_case c USING (case_id)
LEFT JOIN cassette_stay st ON st.stay_id = c.stay_id
LEFT JOIN safe sf ON sf.terminal_id = c.terminal_id
LEFT JOIN terminal t ON t.terminal_id = c.terminal_id
LEFT JOIN site si ON si.site_id = t.site_id
LEFT JOIN deposit d ON d.key = f.deposit_key
LEFT JOIN journal j ON j.business_date = d.business_date AND j.id = d.journal_id
WHERE f.counterfeit_id = $1 AND ($2::text IS NULL OR EXISTS (
    SELECT FROM account b WHERE b.account_id = f.account_id AND b.bank_id = $2))
