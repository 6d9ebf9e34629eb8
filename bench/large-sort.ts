/**
 * How much memory takes a sort of more than it may hold, the process included, and how long does it take? Makes a collection,
 * sorts it in a process of its own by a field without an index, and checks the order of what comes out.
 *
 *   node dist/bench/large-sort.js [--megabytes N] [--seed S] [--dir FOLDER] [--json]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { connect } from '../index.js';
import { mix } from './data.js';
import { peakMemoryBytes } from './measure.js';

const DOCUMENT_BYTES = 1000;
const PAD_BYTES = 900;
const BATCH = 1000;

interface Document {
  readonly _id: number;
  readonly r: number;
  readonly pad: string;
}

const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    dir: { type: 'string', default: tmpdir() },
    json: { type: 'boolean', default: false },
    sort: { type: 'string' },
  },
});

const count = Math.floor((Number(values.megabytes) * 1e6) / DOCUMENT_BYTES);
const seed = Number(values.seed);

function documentOf(n: number): Document {
  let pad = '';
  for (let part = 0; pad.length < PAD_BYTES; part++) pad += mix(n, seed + part).toString(36);
  return { _id: n, r: mix(n, seed), pad: pad.slice(0, PAD_BYTES) };
}

async function make(path: string): Promise<void> {
  const client = await connect(path);
  const collection = client.db('d').collection<Document>('c');
  for (let from = 0; from < count; from += BATCH) {
    const length = Math.min(BATCH, count - from);
    await collection.insertMany(Array.from({ length }, (_, i) => documentOf(from + i)));
  }
  await client.close();
}

async function sort(path: string): Promise<object> {
  const client = await connect(path);
  const collection = client.db('d').collection<Document>('c');
  const before = process.memoryUsage.rss();
  const started = performance.now();
  const cpu = process.cpuUsage();
  let rows = 0;
  let last = -1;
  for await (const { r } of collection.aggregate<Document>([{ $sort: { r: 1 } }], { allowDiskUse: true })) {
    if (r < last) throw new Error(`row ${rows} is out of order`);
    last = r;
    rows++;
  }
  if (rows !== count) throw new Error(`${rows} rows, ${count} expected`);
  const { user, system } = process.cpuUsage(cpu);
  const result = {
    rows,
    seconds: Math.round((performance.now() - started) / 100) / 10,
    'processor seconds': Math.round((user + system) / 1e5) / 10,
    'memory before MB': Math.round(before / 1e6),
    'peak MB': Math.round(peakMemoryBytes() / 1e6),
  };
  await client.close();
  return result;
}

if (values.sort !== undefined) {
  console.log(JSON.stringify(await sort(values.sort)));
} else {
  const folder = mkdtempSync(join(values.dir, 'elmo-large-sort-'));
  try {
    const path = join(folder, 'sort.elmo');
    await make(path);
    const argv = [
      fileURLToPath(import.meta.url),
      '--sort',
      path,
      '--megabytes',
      values.megabytes,
      '--seed',
      values.seed,
    ];
    const line = execFileSync(process.execPath, argv, { encoding: 'utf8' });
    console.log(values.json ? line.trim() : JSON.parse(line));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
