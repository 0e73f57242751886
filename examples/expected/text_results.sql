SELECT 'dict list str'
UNION ALL
SELECT 'Goods can be sent back within 30 days of delivery, unused and in their packaging.'
UNION ALL
SELECT json_group_array(name) FROM (SELECT name FROM countries JOIN rates USING (currency) WHERE usd_e4 > 10000 ORDER BY name)
