-- What comes back is taxed as it was.

-- price_basis: which of the two sums an invoice has kept to the cent, as account_tax has it. told_by: the run whose settings say its VAT and its
-- seller, '' where they are its own's: that of the invoice that is corrected, or one of its lines' where its own was not told of the country any more.
ALTER TABLE invoice
    ADD COLUMN price_basis text NOT NULL DEFAULT 'gross' CHECK (price_basis IN ('gross', 'net')),
    ADD COLUMN told_by     text COLLATE "C" NOT NULL DEFAULT '';
-- Those that are there: as their night has kept its buyer.
ALTER TABLE invoice DISABLE TRIGGER append_only;
UPDATE invoice i SET price_basis = 'net'
FROM clearing_party t
WHERE t.run_id = i.run_id AND t.kind = 'tax' AND t.party_id = i.account_id::text AND t.content ->> 'price_basis' = 'net';
ALTER TABLE invoice ENABLE TRIGGER append_only;

-- Why a safe client's fees bore no VAT of the operator's, at the rates of his schedule, as of a merchant's settlement: as it was in the night that
-- has stated them. NULL: of a night that did not keep it.
ALTER TABLE fee_statement
    ADD COLUMN vat_category text COLLATE "C" CHECK (vat_category IN ('', 'AE', 'O')),
    ADD COLUMN vat_id       text COLLATE "C" NOT NULL DEFAULT '',
    ADD CHECK ((vat_id <> '') = (coalesce(vat_category, '') = 'AE'));

-- What a dealer's station sold bears the VAT of there, as the fleets' invoices do: -1 where the settings do not speak of the country yet.
-- country: of delivery, '' in the operator's own; each has a paper apart.
ALTER TABLE station_sale ADD COLUMN country text COLLATE "C" NOT NULL DEFAULT '' CHECK (country ~ '^([A-Z]{2})?$');
ALTER TABLE station_sale DROP CONSTRAINT station_sale_pkey;
ALTER TABLE station_sale ADD PRIMARY KEY (run_id, merchant_id, product, unit, currency, country, vat_basis_points);
ALTER TABLE own_document
    ADD COLUMN country text COLLATE "C" NOT NULL DEFAULT '',
    DROP CONSTRAINT own_document_stream_kind_account_id_currency_basis_period_t_key,
    ADD UNIQUE (stream, kind, account_id, currency, basis, period_to, country, part);
