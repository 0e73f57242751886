WITH months AS (
  SELECT substr(placed_at, 6, 2) AS month,
    sum(total_cents) FILTER (WHERE placed_at < '2025') AS before,
    sum(total_cents) FILTER (WHERE placed_at >= '2025') AS after
  FROM orders GROUP BY 1)
SELECT printf('%s %10d %10d %5s', month, before, after, (after * 100 / before - 100) || '%') FROM months
UNION ALL
SELECT json_object('best', (SELECT month FROM months ORDER BY after DESC LIMIT 1), 'total', sum(after)) FROM months
