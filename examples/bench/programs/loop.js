const sum = (steps) => {
  let total = 0;
  for (let i = 0; i < steps; i++) total = (total + i * 2) % 1000003;
  return total;
};

const began = performance.now();
const total = sum(5e6);
console.log(performance.now() - began);
console.log(total);
