-- What the night has settled with the shops.  $1 business date
SELECT count(*) AS count, coalesce(sum(gross_minor), 0)::bigint AS gross_minor, coalesce(sum(refunds_minor), 0)::bigint AS refunds_minor,
       coalesce(sum(fees_minor), 0)::bigint AS fees_minor, coalesce(sum(payout_minor), 0)::bigint AS payout_minor,
       count(*) FILTER (WHERE payout_minor > 0) AS payouts, coalesce(sum(closing_minor), 0)::bigint AS closing_minor,
       min(payable_on) AS payable_on
FROM merchant_settlement WHERE business_date = $1
