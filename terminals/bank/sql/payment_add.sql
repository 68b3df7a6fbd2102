-- A payment, unless its EndToEndId is in the books.
INSERT INTO payment (end_to_end_id, message_id, source, service, debtor, creditor, name, currency, amount_minor, remittance,
                     status, reason, booked_on, received_us, final_us, debtor_name, ultimate)
VALUES (:end_to_end_id, :message_id, :source, :service, :debtor, :creditor, :name, :currency, :amount_minor, :remittance,
        :status, :reason, :booked_on, :received_us, :final_us, :debtor_name, :ultimate)
ON CONFLICT (end_to_end_id) DO NOTHING
