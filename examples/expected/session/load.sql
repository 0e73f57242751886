SELECT json_object('orders', count(*), 'cents', sum(total_cents)) FROM orders
