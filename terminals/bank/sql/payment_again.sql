-- What was rejected for a passing cause is ordered again under its id: the new decision holds.
UPDATE payment SET status = :status, reason = :reason, final_us = :final_us, booked_on = :booked_on WHERE end_to_end_id = :end_to_end_id
