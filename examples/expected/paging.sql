SELECT count(*) || ' orders came back' FROM orders WHERE status = 'returned'
UNION ALL
SELECT * FROM (
  SELECT json_object('id', id, 'customer_id', customer_id, 'product_id', product_id, 'placed_at', placed_at, 'status', status,
    'quantity', quantity, 'total_cents', total_cents)
  FROM orders WHERE status = 'returned' ORDER BY total_cents DESC, id LIMIT 1)
