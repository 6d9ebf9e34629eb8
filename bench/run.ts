/**
 * How does elmo do beside the stores people would use instead? Runs every workload on every peer, each measurement in a
 * fresh process, rounds interleaved with the order of the peers rotated, and prints medians, spread and ratios.
 *
 *   npm run bench -- server …            elmo serve beside the reference engine: see server/main.ts
 *   npm run bench -- kv [workload…] [--entries N] [--peers elmo,leveldb,lmdb,sqlite] [--rounds R] [--seed S]
 *                       [--json FILE] [--dir FOLDER] [--urls FILE] [--big] [--all]
 *   npm run bench -- doc …               documents beside other databases: see doc/run.ts
 *   npm run bench -- import …            documents in and out through the command: see import/main.ts
 */
import { fork } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Job, Outcome } from './child.js';
import { DOC_USAGE, DocUsageError, runDoc } from './doc/run.js';
import { IMPORT_USAGE, ImportUsageError, runImportBench } from './import/main.js';
import { PEER_NAMES, peerVersion, projectFolder, type PeerName } from './peers.js';
import { machine, preamble, workloadTable, type Run } from './report.js';
import { PREPARATIONS, WORKLOADS } from './workloads/table.js';
import type { Prepared, Workload } from './workloads/workload.js';

const USAGE = `npm run bench -- kv [workload…] [options]
  --entries N    entries of a store (1000000)
  --rounds R     rounds over all peers (3)
  --peers LIST   of ${PEER_NAMES.join(',')} (all that are installed)
  --seed S       of the data (1)
  --json FILE    keep every figure; a bare name lands in bench/results
  --dir FOLDER   where the stores lie (the system's folder for temporary files)
  --urls FILE    a list of addresses, a line each, for the workloads urls and load5m
  --big          also the workloads that need gigabytes
  --all          also the workloads that take minutes
workloads:
${WORKLOADS.map((w) => `  ${w.name.padEnd(12)} ${w.question}${w.big ? ' [--big]' : w.long ? ' [--all]' : ''}`).join('\n')}
`;

const REAL_URLS = join('..', 'shared', 'data', 'keys', 'urls.txt.gz');

class UsageError extends Error {}

interface Plan {
  readonly workloads: readonly Workload[];
  readonly peers: readonly PeerName[];
  readonly entries: number;
  readonly rounds: number;
  readonly seed: number;
  readonly json: string | undefined;
  readonly folder: string;
  readonly urlFile: string | undefined;
}

function readPlan(): Plan {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      entries: { type: 'string', default: '1000000' },
      rounds: { type: 'string', default: '3' },
      peers: { type: 'string' },
      seed: { type: 'string', default: '1' },
      json: { type: 'string' },
      dir: { type: 'string', default: tmpdir() },
      urls: { type: 'string' },
      big: { type: 'boolean', default: false },
      all: { type: 'boolean', default: false },
    },
  });
  const [layer, ...names] = positionals;
  if (layer !== 'kv') throw new UsageError(layer === undefined ? '' : `there is no benchmark of ${layer}`);
  const usual = WORKLOADS.filter((w) => (values.big || !w.big) && (values.all || !w.long));
  const workloads = names.length === 0 ? usual : names.map(named);
  const realUrls = join(projectFolder(), REAL_URLS);
  return {
    workloads,
    peers: choosePeers(values.peers),
    entries: wholeNumber('entries', values.entries),
    rounds: wholeNumber('rounds', values.rounds),
    seed: wholeNumber('seed', values.seed),
    json: values.json,
    folder: mkdtempSync(join(values.dir, 'elmo-bench-')),
    urlFile: values.urls ?? (existsSync(realUrls) ? realUrls : undefined),
  };
}

function named(name: string): Workload {
  const workload = WORKLOADS.find((w) => w.name === name);
  if (workload === undefined) throw new UsageError(`there is no workload ${name}`);
  return workload;
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text.replaceAll('_', ''));
  if (!Number.isInteger(value) || value < 1)
    throw new UsageError(`--${name} takes a whole number, not ${text}`);
  return value;
}

function choosePeers(list: string | undefined): PeerName[] {
  const wanted = list?.split(',') ?? PEER_NAMES;
  const missing = wanted.filter((name) => peerVersion(peerNamed(name)) === undefined);
  if (missing.length > 0) {
    const how = `${missing.join(', ')} not installed; to install: npm --prefix bench ci`;
    if (list !== undefined) throw new UsageError(how);
    console.error(`${how}\n`);
  }
  return wanted.map(peerNamed).filter((name) => peerVersion(name) !== undefined);
}

function peerNamed(name: string): PeerName {
  const peer = PEER_NAMES.find((known) => known === name);
  if (peer === undefined)
    throw new UsageError(`there is no peer ${name}; the peers are ${PEER_NAMES.join(', ')}`);
  return peer;
}

/** Runs one measurement in a process of its own. */
function measure(job: Job): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = fork(join(dirname(fileURLToPath(import.meta.url)), 'child.js'));
    let outcome: Outcome | undefined;
    child.once('message', (message: Outcome) => (outcome = message));
    child.once('exit', (code, signal) =>
      resolve(outcome ?? { ok: false, error: `the process ended with ${signal ?? `code ${code}`}` }),
    );
    child.send(job);
  });
}

/** Stores that several workloads read, filled once per peer. */
class PreparedStores {
  private readonly folders = new Map<string, string>();

  constructor(private readonly plan: Plan) {}

  async folder(peer: PeerName, needs: Exclude<Prepared, 'nothing'>): Promise<string> {
    const name = `prepared-${peer}-${needs}`;
    const known = this.folders.get(name);
    if (known !== undefined) return known;
    const folder = join(this.plan.folder, name);
    mkdirSync(folder);
    const outcome = await measure(jobOf(this.plan, PREPARATIONS[needs], peer, folder));
    if (!outcome.ok) throw new Error(`could not fill a store of ${peer}: ${outcome.error}`);
    this.folders.set(name, folder);
    return folder;
  }
}

function jobOf(plan: Plan, workload: Workload, peer: PeerName, folder: string): Job {
  const { entries, seed, urlFile } = plan;
  return { workload: workload.name, peer, folder, entries, seed, urlFile };
}

async function measureOnce(
  plan: Plan,
  stores: PreparedStores,
  workload: Workload,
  peer: PeerName,
): Promise<Outcome> {
  const own = join(plan.folder, `${workload.name}-${peer}`);
  try {
    if (workload.needs === 'nothing') mkdirSync(own);
    else {
      const prepared = await stores.folder(peer, workload.needs);
      if (!workload.writes) return await measure(jobOf(plan, workload, peer, prepared));
      cpSync(prepared, own, { recursive: true });
    }
    return await measure(jobOf(plan, workload, peer, own));
  } catch (cause) {
    return { ok: false, error: cause instanceof Error ? cause.message : String(cause) };
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

async function runAll(plan: Plan): Promise<Run> {
  const stores = new PreparedStores(plan);
  const versions = Object.fromEntries(plan.peers.map((name) => [name, peerVersion(name) ?? '']));
  const { entries, rounds, seed } = plan;
  const startedAt = new Date().toISOString();
  const run: Run = {
    machine: machine(),
    startedAt,
    entries,
    rounds,
    seed,
    versions,
    durability: {},
    samples: [],
  };
  for (let round = 0; round < rounds; round++) {
    for (const workload of plan.workloads) {
      for (let turn = 0; turn < plan.peers.length; turn++) {
        const peer = plan.peers[(turn + round) % plan.peers.length]!;
        const outcome = await measureOnce(plan, stores, workload, peer);
        record(run, workload, peer, round, outcome);
      }
    }
  }
  return run;
}

function record(run: Run, workload: Workload, peer: PeerName, round: number, outcome: Outcome): void {
  const at = { workload: workload.name, peer, round };
  if (!outcome.ok) {
    run.samples.push({ ...at, error: outcome.error });
    console.error(`${workload.name} on ${peer} failed: ${outcome.error}`);
    return;
  }
  const { measured, cpuLoopMs, durability } = outcome;
  run.samples.push({ ...at, measured, cpuLoopMs });
  if (durability !== '') run.durability[peer] = durability;
  const value = Math.round(measured.value * 1000) / 1000;
  console.error(
    `round ${round + 1}  ${workload.name.padEnd(12)} ${peer.padEnd(8)} ${value} ${workload.unit}`,
  );
}

async function main(): Promise<void> {
  if (process.argv[2] === 'server')
    return (await import('./server/main.js')).runServerBench(process.argv.slice(3));
  if (process.argv[2] === 'doc') return runDoc(process.argv.slice(3));
  if (process.argv[2] === 'import') return runImportBench(process.argv.slice(3));
  const plan = readPlan();
  try {
    const run = await runAll(plan);
    console.log(`\n${preamble(run)}`);
    for (const workload of plan.workloads) console.log(workloadTable(workload, run, plan.peers));
    if (plan.json !== undefined) keep(run, plan.json);
    if (run.samples.some((sample) => sample.error !== undefined)) process.exitCode = 1;
  } finally {
    rmSync(plan.folder, { recursive: true, force: true });
  }
}

function keep(run: Run, name: string): void {
  const bare = !isAbsolute(name) && dirname(name) === '.';
  const file = bare ? join(projectFolder(), 'bench', 'results', name) : name;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(run, null, 2)}\n`);
  console.log(`every figure: ${file}`);
}

/** What may be written instead; undefined: that was not what was wrong. */
function usageFor(cause: unknown): string | undefined {
  if (cause instanceof DocUsageError) return DOC_USAGE;
  if (cause instanceof ImportUsageError) return IMPORT_USAGE;
  return cause instanceof UsageError ? `${USAGE}\n${DOC_USAGE}\n${IMPORT_USAGE}` : undefined;
}

main().catch((cause: unknown) => {
  const usage = usageFor(cause);
  if (usage === undefined) throw cause;
  const { message } = cause as Error;
  if (message !== '') console.error(`${message}\n`);
  console.error(usage);
  process.exitCode = 2;
});
