WITH r AS (
  SELECT o.id, placed_at, name, quantity, total_cents, printf('%d.%02d', total_cents / 100, total_cents % 100) AS usd
  FROM orders o JOIN products p ON p.id = product_id WHERE status = 'returned' AND substr(placed_at, 1, 7) = '2025-12')
-- The csv module ends lines with CR and LF, and puts quotes around a field with a comma.
SELECT printf('returns-2025-12.csv: %d rows, %d bytes', count(*), length('order,placed_at,product,quantity,usd') + 2
  + sum(length(CAST(concat_ws(',', id, placed_at, name, quantity, usd) AS BLOB)) + iif(name LIKE '%,%', 2, 0) + 2)) FROM r
UNION ALL
SELECT json_object('quantity', sum(quantity), 'dearest',
  json((SELECT json_array(name, usd) FROM r ORDER BY total_cents DESC, id LIMIT 1))) FROM r
