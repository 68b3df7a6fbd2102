SELECT business_date FROM rules
