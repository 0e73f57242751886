WITH d AS (SELECT * FROM orders JOIN customers c ON c.id = customer_id WHERE status = 'delivered'),
lines(at, line) AS (
  SELECT 0, printf('%,d orders of %,d customers', count(*), count(DISTINCT customer_id)) FROM d
  UNION ALL
  SELECT * FROM (
    SELECT row_number() OVER (ORDER BY sum(total_cents) DESC),
      printf('%-15s %-15s %14s', country, segment, printf('%,d.%02d', sum(total_cents) / 100, sum(total_cents) % 100))
    FROM d GROUP BY country, segment ORDER BY 1 LIMIT 5)
  UNION ALL
  SELECT 99, json_group_array(json_object('name', name, 'country', country, 'cents', cents)) FROM (
    SELECT name, country, sum(total_cents) AS cents FROM d GROUP BY customer_id ORDER BY cents DESC, customer_id LIMIT 3)
)
SELECT line FROM lines ORDER BY at
