// Burns CPU for so many seconds under Everflame's Node.js agent (which is preloaded), and says how much.
import { setTimeout as sleep } from 'node:timers/promises';

const used = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

let sink = 0;

function burn(seconds) {
  const end = used() + seconds;
  while (used() < end) for (let i = 0; i < 5000; i++) sink = sink * 1.0001 + i;
}

function hot() {
  burn(0.015);
  sink += 1;
}

function cool() {
  burn(0.005);
  sink += 1;
}

const before = used();
const deadline = performance.now() + Number(process.argv[2]) * 1000;
while (performance.now() < deadline) {
  hot();
  cool();
  await sleep(60);
}
console.log(JSON.stringify({ cpu: used() - before }));
