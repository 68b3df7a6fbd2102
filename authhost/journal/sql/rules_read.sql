SELECT version, business_date FROM rules
