// Classic exercises: sorting, graphs, dynamic programming, matrices, primes, permutations.
const dijkstra = (graph, start) => {
  const distance = { [start]: 0 };
  const queue = [[0, start]];
  while (queue.length) {
    queue.sort(([a], [b]) => a - b);
    const [so_far, node] = queue.shift();
    for (const [next, weight] of Object.entries(graph[node]))
      if (so_far + weight < (distance[next] ?? Infinity)) queue.push([(distance[next] = so_far + weight), next]);
  }
  return distance;
};
console.log(dijkstra({ a: { b: 7, c: 3 }, b: { d: 2 }, c: { b: 1, d: 8 }, d: {} }, "a"));
const edit = (a, b) => {
  const d = Array.from({ length: a.length + 1 }, (_, i) => [i, ...Array(b.length).fill(0)]);
  for (let j = 1; j <= b.length; j++) d[0][j] = j;
  for (let i = 1; i <= a.length; i++) for (let j = 1; j <= b.length; j++) d[i][j] = Math.min(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] !== b[j - 1]));
  return d[a.length][b.length];
};
const permutations = (xs) => (xs.length < 2 ? [xs] : xs.flatMap((x, i) => permutations([...xs.slice(0, i), ...xs.slice(i + 1)]).map((p) => [x, ...p])));
const sieve = (n) => {
  const flags = new Uint8Array(n + 1).fill(1);
  for (let i = 2; i * i <= n; i++) if (flags[i]) for (let j = i * i; j <= n; j += i) flags[j] = 0;
  return flags.reduce((ps, f, i) => (f && i > 1 ? [...ps, i] : ps), []);
};
const quick = ([p, ...rest]) => (p === undefined ? [] : [...quick(rest.filter((x) => x < p)), p, ...quick(rest.filter((x) => x >= p))]);
const gcd = (a, b) => (b ? gcd(b, a % b) : a);
const multiply = (a, b) => a.map((row) => b[0].map((_, j) => row.reduce((s, x, k) => s + x * b[k][j], 0)));
console.log(edit("kitten", "sitting"), permutations([1, 2, 3]).map((p) => p.join("")), sieve(50), quick([3, 1, 2, 3]), gcd(84, 36), multiply([[1, 2], [3, 4]], [[0, 1], [1, 0]]));
const bfs = (grid) => {
  const seen = new Set(["0,0"]);
  const queue = [[0, 0, 0]];
  for (const [x, y, steps] of queue) {
    if (x === grid[0].length - 1 && y === grid.length - 1) return steps;
    for (const [dx, dy] of [[1, 0], [0, 1], [-1, 0], [0, -1]]) {
      const key = `${x + dx},${y + dy}`;
      if (grid[y + dy]?.[x + dx] === "." && !seen.has(key)) seen.add(key) && queue.push([x + dx, y + dy, steps + 1]);
    }
  }
};
console.log(bfs(["..#.", "#...", "..#.", "#..."]), [1, 2, 3, 4].reduce((acc, x) => acc.concat(acc.map((s) => [...s, x])), [[]]).length);
console.log(Array.from({ length: 15 }, (_, i) => ((i + 1) % 3 ? "" : "Fizz") + ((i + 1) % 5 ? "" : "Buzz") || i + 1).join(" "));
const tree = [5, 2, 8, 1, 9].reduce(function insert(t, v) { return !t ? { v } : v < t.v ? { ...t, l: insert(t.l, v) } : { ...t, r: insert(t.r, v) }; }, null);
console.log(JSON.stringify(tree), (function walk(t) { return t ? [...walk(t.l), t.v, ...walk(t.r)] : []; })(tree));
