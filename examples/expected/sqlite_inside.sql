WITH sold AS (
  SELECT category, name, sum(total_cents) AS cents, count(*) AS n, count(*) FILTER (WHERE status = 'returned') AS back
  FROM products p, orders o WHERE o.product_id = p.id GROUP BY p.id)
SELECT * FROM (
  SELECT printf('%s: %s, %d of %d sent back', category, name, back, n) FROM sold s
  WHERE cents = (SELECT max(cents) FROM sold t WHERE t.category = s.category) ORDER BY category)
UNION ALL
SELECT json_object('rows', (SELECT count(*) FROM orders), 'best_month', month, 'orders', n) FROM (
  SELECT strftime('%Y-%m', placed_at) AS month, count(*) AS n FROM orders GROUP BY 1 ORDER BY 2 DESC LIMIT 1)
