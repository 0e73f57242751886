SELECT concat_ws(' ', o.id, p.name, o.currency, coalesce(cast(round(total_cents * 10000.0 / usd_e4) AS INTEGER), total_cents))
FROM orders o JOIN products p ON p.id = product_id LEFT JOIN rates r ON r.currency = o.currency
WHERE o.id IN (100001, 7, 125000, 999999, 150000)
UNION ALL
SELECT json_group_array(json_array(value, 'tool_failed', 'orders.get_order', json('false')))
FROM json_each('[100001,7,125000,999999,150000]') WHERE value NOT IN (SELECT id FROM orders)
