// Ten reports that take 300 ms each, asked for together. Promise.all runs the calls side by side in the broker.
const started = performance.now();
const reports = await Promise.all(Array.from({ length: 10 }, () => orders.slow_report({ delay_ms: 300 })));
const elapsed = performance.now() - started;

return {
  reports: reports.length,
  orders: new Set(reports.map((report) => report.orders)).size === 1 ? reports[0].orders : "they differ",
  side_by_side: elapsed < 10 * 300 * 0.6,
};
