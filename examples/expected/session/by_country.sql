SELECT json_group_array(json_array(country, cents)) FROM (
  SELECT country, sum(total_cents) AS cents FROM orders JOIN customers c ON c.id = customer_id
  WHERE status = 'delivered' GROUP BY country ORDER BY cents DESC LIMIT 3)
