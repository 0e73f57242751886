WITH hits AS (
  SELECT * FROM customers
  WHERE name LIKE '%lindner%' OR email LIKE '%lindner%' OR company LIKE '%lindner%' OR city LIKE '%lindner%')
SELECT count(*) || ' customers match' FROM hits
UNION ALL
SELECT group_concat(city, ', ') FROM (SELECT DISTINCT city FROM hits WHERE segment = 'enterprise' ORDER BY city)
