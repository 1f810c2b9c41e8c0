// One client reads a topic that is there, in a process of its own. Prints figures as JSON.
// usage: consume.mjs CLIENT LOAD BOOTSTRAP TOPIC COUNT PATH_OF_OURS
// read-100, read-1k: COUNT records that are there already. latency: COUNT records, each sent when the one before has come.
import { Buffer } from 'node:buffer';
import { pathToFileURL } from 'node:url';
import { kafkajs, platformatic, streamkeeper } from './consumers.mjs';

const [client, load, bootstrap, topic, wanted, ours] = process.argv.slice(2);
const COUNT = Number(wanted);
const connect = { kafkajs, platformatic, streamkeeper }[client];
const { createProducer } = await import(pathToFileURL(ours).href);
const producer = createProducer({ bootstrapServers: bootstrap });
const figures = load === 'latency' ? await latency() : await throughput(load === 'read-1k' ? 1000 : 100);
await producer.close();
console.log(JSON.stringify(figures));
process.exit(0);

async function throughput(bytes) {
  const value = Buffer.alloc(bytes, 'x');
  for (let sent = 0; sent < COUNT; sent += 10_000) {
    const records = Array.from({ length: 10_000 }, (_, index) => ({
      topic,
      key: Buffer.from(`key-${sent + index}`),
      value,
    }));
    await producer.sendMany(records);
  }
  // The first tenth warms up.
  const warm = COUNT / 10;
  let count = 0;
  let from = 0;
  let cpuBefore;
  const { promise, resolve } = defer();
  const close = await connect(
    bootstrap,
    topic,
    () => {
      count++;
      if (count === warm) {
        from = performance.now();
        cpuBefore = process.cpuUsage();
      } else if (count === COUNT) resolve();
    },
    ours,
  );
  await promise;
  const tookMs = performance.now() - from;
  const cpu = process.cpuUsage(cpuBefore);
  await close();
  const records = COUNT - warm;
  return {
    recordsPerSecond: (records / tookMs) * 1000,
    mbPerSecond: ((records * bytes) / tookMs) * (1000 / 1e6),
    cpuMicrosPerRecord: (cpu.user + cpu.system) / records,
  };
}

async function latency() {
  const latencies = [];
  let arrived = defer();
  const close = await connect(bootstrap, topic, () => arrived.resolve(), ours);
  for (let index = -100; index < COUNT; index++) {
    const from = performance.now();
    await producer.send({ topic, partition: 0, value: Buffer.alloc(100, 'x') });
    await arrived.promise;
    if (index >= 0) latencies.push(performance.now() - from);
    arrived = defer();
  }
  await close();
  const sorted = Float64Array.from(latencies).sort();
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}

function defer() {
  let resolve;
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
