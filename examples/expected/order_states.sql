SELECT 'open done lost'
UNION ALL
SELECT json_object('open', sum(status IN ('pending', 'processing', 'shipped')), 'done', sum(status = 'delivered'),
  'lost', sum(status IN ('cancelled', 'returned'))) FROM orders
