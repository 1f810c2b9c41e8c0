// One load of one client, in a process of its own. Prints figures as JSON.
// usage: load.mjs CLIENT LOAD BOOTSTRAP TOPIC SECONDS [PATH_OF_OURS]
import { Buffer } from 'node:buffer';
import { kafkajs, platformatic, streamkeeper } from './producers.mjs';

const [client, load, bootstrap, topic, seconds, ours] = process.argv.slice(2);
const RUN_MS = Number(seconds) * 1000;
const WARM_UP_MS = Math.max(500, RUN_MS / 3);

/** What is sent: how large, how many in a call, how many calls at a time. */
const LOADS = {
  'chunks-1k': { bytes: 1000, perCall: 100, lanes: 10 },
  'chunks-100': { bytes: 100, perCall: 1000, lanes: 10 },
  'single-1k': { bytes: 1000, perCall: 1, lanes: 500 },
  alone: { bytes: 100, perCall: 1, lanes: 1 },
};

const { bytes, perCall, lanes } = LOADS[load];
const connect = { kafkajs, platformatic, streamkeeper }[client];
const producer = await connect(bootstrap, ours);
const value = Buffer.alloc(bytes, 'x');
let number = 0;
const chunk = () => Array.from({ length: perCall }, () => ({ key: Buffer.from(`key-${number++}`), value }));

let end = performance.now() + WARM_UP_MS;
let records = 0;
let latencies = [];
const lane = async () => {
  for (;;) {
    const from = performance.now();
    if (from > end) return;
    await producer.send(topic, chunk());
    latencies.push(performance.now() - from);
    records += perCall;
  }
};
const all = () => Promise.all(Array.from({ length: lanes }, lane));
await all();
records = 0;
latencies = [];
const cpuBefore = process.cpuUsage();
const from = performance.now();
end = from + RUN_MS;
await all();
const tookMs = performance.now() - from;
const cpu = process.cpuUsage(cpuBefore);
await producer.close();
const sorted = Float64Array.from(latencies).sort();
const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
console.log(
  JSON.stringify({
    recordsPerSecond: (records / tookMs) * 1000,
    mbPerSecond: ((records * bytes) / tookMs) * (1000 / 1e6),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    cpuMicrosPerRecord: (cpu.user + cpu.system) / records,
  }),
);
