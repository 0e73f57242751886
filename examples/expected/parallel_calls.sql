SELECT json_object('reports', 10, 'orders', count(*), 'side_by_side', json('true')) FROM orders
