-- In 2025 daylight saving time in Berlin lasted from 30 March, 01:00 UTC, to 26 October, 01:00 UTC.
WITH g AS (
  SELECT placed_at, iif(placed_at >= '2025-03-30T01' AND placed_at < '2025-10-26T01', 2, 1) AS ahead
  FROM orders JOIN customers c ON c.id = customer_id WHERE country = 'Germany' AND placed_at >= '2025')
SELECT * FROM (
  SELECT printf('%02d:00 %d', hour, n) FROM (
    SELECT CAST(strftime('%H', placed_at, ahead || ' hours') AS INTEGER) AS hour, count(*) AS n
    FROM g GROUP BY 1 ORDER BY n DESC LIMIT 3)
  ORDER BY hour)
UNION ALL
SELECT json_object('1:00:00', sum(ahead = 1), '2:00:00', sum(ahead = 2)) FROM g
