WITH delivered AS (
  SELECT country, substr(placed_at, 1, 7) AS month, total_cents FROM orders JOIN customers c ON c.id = customer_id
  WHERE status = 'delivered'),
best AS (SELECT country FROM delivered GROUP BY country ORDER BY sum(total_cents) DESC LIMIT 1)
SELECT json_object('country', country, 'month', month, 'cents', sum(total_cents), 'rows_of_the_artifact', (SELECT count(*) FROM orders))
FROM delivered JOIN best USING (country) GROUP BY month ORDER BY sum(total_cents) DESC LIMIT 1
