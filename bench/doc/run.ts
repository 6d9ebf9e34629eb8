/**
 * How do documents fare in elmo, beside what people would use instead? One process per peer, which take turns at every
 * workload in every round, in rotated order; medians, and the ratios that are wanted.
 *
 *   npm run bench -- doc [--quick] [--only TEXT] [--documents N] [--rounds R] [--budget MS] [--peers LIST] [--seed S]
 *                        [--million] [--no-cold] [--json FILE] [--dir FOLDER]
 */
import { fork, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { installPackage } from '../installed.js';
import { projectFolder } from '../peers.js';
import type { DocJob, DocOutcome } from './child.js';
import type { ColdJob, ColdOutcome } from './cold.js';
import { DOC_PEERS, docPeerVersion, type DocPeerName } from './peer.js';
import { docPreamble, docTable, type DocRun, type Line } from './report.js';
import { DOC_WORKLOADS, PHASES } from './workloads/table.js';

export const DOC_USAGE = `npm run bench -- doc [options]
  --quick        10,000 orders, 2 rounds of 100 ms: for development
  --only TEXT    only workloads whose name contains it (those that load come along)
  --documents N  orders (100000)
  --rounds R     rounds over all peers (5)
  --budget MS    of one measurement (400)
  --peers LIST   of ${DOC_PEERS.join(',')} (all that are there)
  --seed S       of the data (1)
  --million      also the cold start of 1,000,000 orders
  --no-cold      without the cold starts
  --json FILE    keep every figure; a bare name lands in bench/results
  --dir FOLDER   where the databases lie (the system's folder for temporary files)
workloads:
${DOC_WORKLOADS.map(({ name, question }) => `  ${name.padEnd(36)} ${question}`).join('\n')}
`;

export class DocUsageError extends Error {}

interface DocPlan {
  readonly only: string;
  readonly documents: number;
  readonly rounds: number;
  readonly budgetMs: number;
  readonly peers: readonly DocPeerName[];
  readonly versions: Readonly<Record<string, string>>;
  readonly seed: number;
  readonly cold: readonly number[];
  readonly json: string | undefined;
  readonly folder: string;
}

async function readDocPlan(args: readonly string[]): Promise<DocPlan> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      documents: { type: 'string' },
      rounds: { type: 'string' },
      budget: { type: 'string' },
      peers: { type: 'string' },
      seed: { type: 'string', default: '1' },
      million: { type: 'boolean', default: false },
      'no-cold': { type: 'boolean', default: false },
      json: { type: 'string' },
      dir: { type: 'string', default: tmpdir() },
    },
  });
  const whole = (name: 'documents' | 'rounds' | 'budget' | 'seed', usual: number): number => {
    const value = values[name] === undefined ? usual : Number(values[name].replaceAll('_', ''));
    if (!Number.isInteger(value) || value < 1) throw new DocUsageError(`--${name} takes a whole number`);
    return value;
  };
  const documents = whole('documents', values.quick ? 10_000 : 100_000);
  const versions = await versionsOf(values.peers?.split(','));
  return {
    only: values.only.toLowerCase(),
    documents,
    rounds: whole('rounds', values.quick ? 2 : 5),
    budgetMs: whole('budget', values.quick ? 100 : 400),
    peers: DOC_PEERS.filter((name) => versions[name] !== undefined),
    versions,
    seed: whole('seed', 1),
    cold: values['no-cold'] ? [] : [documents, ...(values.million ? [1_000_000] : [])],
    json: values.json,
    folder: mkdtempSync(join(values.dir, 'elmo-bench-')),
  };
}

async function versionsOf(wanted: readonly string[] | undefined): Promise<Record<string, string>> {
  const unknown = wanted?.find((name) => !DOC_PEERS.some((peer) => peer === name));
  if (unknown !== undefined) throw new DocUsageError(`there is no peer ${unknown}`);
  const versions: Record<string, string> = {};
  for (const name of DOC_PEERS) {
    if (wanted !== undefined && !wanted.includes(name)) continue;
    const version = await docPeerVersion(name);
    if (version !== undefined) versions[name] = version;
    else console.error(`${name} is not there; to install: npm --prefix bench ci`);
  }
  return versions;
}

const here = dirname(fileURLToPath(import.meta.url));

/** A peer's process; one question at a time. */
class Holder {
  private readonly child: ChildProcess;
  private answer: ((outcome: DocOutcome) => void) | undefined;
  private ended: string | undefined;

  constructor(readonly name: DocPeerName) {
    this.child = fork(join(here, 'child.js'));
    this.child.on('message', (outcome: DocOutcome) => this.answer?.(outcome));
    this.child.once('exit', (code, signal) => {
      this.ended = `the process ended with ${signal ?? `code ${code}`}`;
      this.answer?.({ ok: false, error: this.ended });
    });
  }

  ask(job: DocJob): Promise<DocOutcome> {
    if (this.ended !== undefined) return Promise.resolve({ ok: false, error: this.ended });
    return new Promise((resolve) => {
      this.answer = resolve;
      this.child.send(job);
    });
  }
}

async function openHolders(plan: DocPlan, run: DocRun): Promise<Holder[]> {
  const holders: Holder[] = [];
  for (const name of plan.peers) {
    const holder = new Holder(name);
    const folder = join(plan.folder, name);
    mkdirSync(folder);
    const { documents, seed, budgetMs } = plan;
    const outcome = await holder.ask({ kind: 'open', peer: name, folder, documents, seed, budgetMs });
    if (!outcome.ok) throw new Error(`${name}: ${outcome.error}`);
    if (outcome.durability !== undefined) run.durability[name] = outcome.durability;
    holders.push(holder);
  }
  return holders;
}

async function measureAll(plan: DocPlan, run: DocRun, holders: readonly Holder[]): Promise<void> {
  for (const [index, phase] of PHASES.entries()) {
    // Loading is needed by whatever comes after it, once.
    const isLoading = index === 0;
    const wanted = phase.filter(({ name }) => name.toLowerCase().includes(plan.only));
    const rounds = isLoading && wanted.length === 0 ? 1 : plan.rounds;
    for (let round = 0; round < rounds; round++) {
      for (const workload of isLoading ? phase : wanted) {
        for (let turn = 0; turn < holders.length; turn++) {
          const holder = holders[(turn + round) % holders.length]!;
          const outcome = await holder.ask({ kind: 'measure', workload: workload.name, round });
          record(run, workload, holder.name, round, outcome);
        }
      }
    }
  }
  for (const holder of holders) await holder.ask({ kind: 'close' });
}

function record(run: DocRun, line: Line, peer: DocPeerName, round: number, outcome: DocOutcome): void {
  const at = { workload: line.name, peer, round };
  if (!outcome.ok) {
    run.samples.push({ ...at, error: outcome.error });
    console.error(`${line.name} on ${peer} failed: ${outcome.error}`);
    return;
  }
  if (outcome.measured === undefined) return;
  run.samples.push({ ...at, measured: outcome.measured });
  const value = Number(outcome.measured.value.toPrecision(4)).toLocaleString('en-US');
  console.error(`round ${round + 1}  ${line.name.padEnd(36)} ${peer.padEnd(12)} ${value} ${line.unit}`);
}

function askCold(job: ColdJob): Promise<ColdOutcome> {
  return new Promise((resolve) => {
    const child = fork(join(here, 'cold.js'));
    let outcome: ColdOutcome | undefined;
    child.once('message', (message: ColdOutcome) => (outcome = message));
    child.once('exit', () => resolve(outcome ?? { ok: false, error: 'the process ended' }));
    child.send(job);
  });
}

function coldLines(documents: number): readonly [Line, Line, Line] {
  const what = `${documents.toLocaleString('en-US')} orders`;
  const common = { better: 'less', goals: [], question: '' } as const;
  return [
    { ...common, name: `cold start: open + findOne, ${what}`, unit: 'ms', atLeast: 25 },
    { ...common, name: `memory after it, ${what}`, unit: 'MiB', atLeast: 80 },
    { ...common, name: `import before it, ${what}`, unit: 'ms', atLeast: 60 },
  ];
}

async function measureCold(
  plan: DocPlan,
  run: DocRun,
  documents: number,
  program: string,
): Promise<readonly Line[]> {
  const [time, memory, importing] = coldLines(documents);
  const common = { documents, seed: plan.seed, program } as const;
  // What holds all in memory is not asked for a million.
  const peers = plan.peers.filter(
    (name) => name !== 'reference' && (documents <= plan.documents || !['nedb', 'lokijs'].includes(name)),
  );
  const folderOf = (peer: DocPeerName): string => join(plan.folder, `cold-${peer}-${documents}`);
  for (const peer of peers) {
    const outcome = await askCold({ ...common, kind: 'prepare', peer, folder: folderOf(peer) });
    if (!outcome.ok) throw new Error(`${peer}: ${outcome.error}`);
  }
  for (let round = 0; round < plan.rounds; round++) {
    for (const peer of peers) {
      const outcome = await askCold({ ...common, kind: 'open', peer, folder: folderOf(peer) });
      if (!outcome.ok) {
        record(run, time, peer, round, outcome);
        continue;
      }
      record(run, time, peer, round, { ok: true, measured: { value: outcome.ms } });
      record(run, memory, peer, round, { ok: true, measured: { value: outcome.rssMiB } });
      if (peer === 'elmo')
        record(run, importing, peer, round, { ok: true, measured: { value: outcome.importMs } });
    }
  }
  return [time, memory, importing];
}

/** @throws DocUsageError */
export async function runDoc(args: readonly string[]): Promise<void> {
  const plan = await readDocPlan(args);
  const { documents, rounds, seed, budgetMs, versions } = plan;
  const startedAt = new Date().toISOString();
  const run: DocRun = { startedAt, documents, rounds, seed, budgetMs, versions, durability: {}, samples: [] };
  try {
    await measureAll(plan, run, await openHolders(plan, run));
    const lines: Line[] = [...DOC_WORKLOADS];
    const program =
      plan.cold.length === 0
        ? ''
        : pathToFileURL(join(await installPackage(plan.folder), 'dist', 'index.js')).href;
    for (const count of plan.cold) lines.push(...(await measureCold(plan, run, count, program)));
    const measured = lines.filter(({ name }) => run.samples.some(({ workload }) => workload === name));
    console.log(`\n${docPreamble(run)}`);
    console.log(docTable(run, measured, plan.peers));
    if (plan.json !== undefined) keep(run, plan.json);
    if (run.samples.some(({ error }) => error !== undefined)) process.exitCode = 1;
  } finally {
    rmSync(plan.folder, { recursive: true, force: true });
  }
}

function keep(run: DocRun, name: string): void {
  const bare = !isAbsolute(name) && dirname(name) === '.';
  const file = bare ? join(projectFolder(), 'bench', 'results', name) : name;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(run, null, 2)}\n`);
  console.log(`every figure: ${file}`);
}
