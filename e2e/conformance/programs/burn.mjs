// Burns CPU for so many seconds, so many ms of each 80, under Everflame's Node.js agent (which is preloaded), and says
// how much.
import { setTimeout as sleep } from 'node:timers/promises';

const [seconds, busyMs] = process.argv.slice(2).map(Number);

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
  burn((busyMs / 1000) * 0.75);
  sink += 1;
}

function cool() {
  burn((busyMs / 1000) * 0.25);
  sink += 1;
}

const before = used();
const deadline = performance.now() + seconds * 1000;
while (performance.now() < deadline) {
  hot();
  cool();
  await sleep(80 - busyMs);
}
console.log(JSON.stringify({ cpu: used() - before }));
