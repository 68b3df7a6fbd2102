SELECT version, business_date FROM rules FOR SHARE
