/**
 * How fast do documents go in and out through the command, and how much memory does that take? Each measurement is the
 * whole built command as a person runs it, from its start to its end; rounds are repeated, medians are printed.
 *
 *   npm run bench -- import [--documents LIST] [--only TEXT] [--rounds R] [--seed S]
 *                           [--command FILE] [--dir FOLDER] [--json FILE]
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { cpuLoopMs } from '../measure.js';
import { projectFolder } from '../peers.js';
import { machine, median, number } from '../report.js';
import { COLLECTION, DATABASE, makeData, type Made } from './data.js';
import { USAGE_FILE, type Usage } from './usage.js';

export const IMPORT_USAGE = `npm run bench -- import [options]
  --command FILE    the program; an installed package's dist/cli/main.js, for example (the built one here)
  --documents LIST  how many, with commas between (100000,1000000); 10,000,000 are files of 2 GB
  --only TEXT       only commands whose name contains it (import comes along: the others read what it made)
  --rounds R        (3)
  --seed S          of the data (1)
  --dir FOLDER      where everything lies (the system's folder for temporary files)
  --json FILE       keep every figure
`;

const MEGABYTE = 1_000_000;
const MOST_PEAK_MEGABYTES = 150;
const MAIN = join(projectFolder(), 'dist', 'cli', 'main.js');
const USAGE = new URL('./usage.js', import.meta.url).href;
const NAMESPACE = `${DATABASE}.${COLLECTION}`;

export class ImportUsageError extends Error {}

interface Step {
  readonly name: string;
  /** Documents a second that are wanted; a name: faster than that step. */
  readonly wanted: number | string;
  /** @param work  a folder of this round alone, which the later steps see as well */
  argv(made: Made, work: string): readonly string[];
}

const STEPS: readonly Step[] = [
  {
    name: 'import NDJSON',
    wanted: 30_000,
    argv: ({ lines }, work) => ['import', join(work, 'imported.elmo'), NAMESPACE, lines],
  },
  {
    name: 'export NDJSON',
    wanted: 'import NDJSON',
    argv: (_made, work) => ['export', join(work, 'imported.elmo'), NAMESPACE, join(work, 'out.ndjson')],
  },
  {
    name: 'dump to a folder',
    wanted: 'restore a folder',
    argv: (_made, work) => ['dump', join(work, 'imported.elmo'), join(work, 'dump')],
  },
  {
    name: 'dump to a packed archive',
    wanted: 0,
    argv: (_made, work) => [
      'dump',
      join(work, 'imported.elmo'),
      `--archive=${join(work, 'archive.gz')}`,
      '--gzip',
    ],
  },
  {
    name: 'restore a folder',
    wanted: 100_000,
    argv: ({ dump }, work) => ['restore', join(work, 'restored.elmo'), dump],
  },
  {
    name: 'restore a packed archive',
    wanted: 0,
    argv: (_made, work) => ['restore', join(work, 'archived.elmo'), `--archive=${join(work, 'archive.gz')}`],
  },
];

interface Sample extends Usage {
  readonly documents: number;
  readonly step: string;
  readonly round: number;
  readonly seconds: number;
}

interface ImportPlan {
  readonly command: string;
  readonly documents: readonly number[];
  readonly only: string;
  readonly rounds: number;
  readonly seed: number;
  readonly folder: string;
  readonly json: string | undefined;
}

function readPlan(args: readonly string[]): ImportPlan {
  const { values } = parseArgs({
    args: [...args],
    options: {
      command: { type: 'string', default: MAIN },
      documents: { type: 'string', default: '100000,1000000' },
      only: { type: 'string', default: '' },
      rounds: { type: 'string', default: '3' },
      seed: { type: 'string', default: '1' },
      dir: { type: 'string', default: tmpdir() },
      json: { type: 'string' },
    },
  });
  return {
    command: values.command,
    documents: values.documents.split(',').map((text) => wholeNumber('documents', text)),
    only: values.only.toLowerCase(),
    rounds: wholeNumber('rounds', values.rounds),
    seed: wholeNumber('seed', values.seed),
    folder: mkdtempSync(join(values.dir, 'elmo-bench-import-')),
    json: values.json,
  };
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text.replaceAll('_', ''));
  if (!Number.isInteger(value) || value < 1)
    throw new ImportUsageError(`--${name} takes whole numbers, not ${text}`);
  return value;
}

/** Runs the command as a process of its own. @throws Error when it fails */
async function measure(
  command: string,
  argv: readonly string[],
  usageFile: string,
): Promise<Usage & { seconds: number }> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, ['--import', USAGE, command, ...argv], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, [USAGE_FILE]: usageFile },
  });
  let said = '';
  child.stderr.on('data', (text: Buffer) => (said = (said + text.toString()).slice(-2000)));
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`elmo ${argv.join(' ')} ended with ${String(code)}: ${said}`);
  const seconds = (performance.now() - startedAt) / 1000;
  return { ...(JSON.parse(readFileSync(usageFile, 'utf8')) as Usage), seconds };
}

async function runCount(plan: ImportPlan, documents: number): Promise<Sample[]> {
  const folder = join(plan.folder, String(documents));
  mkdirSync(folder);
  const made = await makeData(folder, documents, plan.seed);
  const samples: Sample[] = [];
  for (let round = 0; round < plan.rounds; round++) {
    const work = join(folder, `round-${round}`);
    mkdirSync(work);
    for (const step of stepsOf(plan)) {
      const measured = await measure(plan.command, step.argv(made, work), join(folder, 'usage.json'));
      samples.push({ documents, step: step.name, round, ...measured });
      console.error(
        `round ${round + 1}  ${step.name.padEnd(24)} ${number(documents / measured.seconds)}/s, ${number(measured.peakBytes / MEGABYTE)} MB`,
      );
    }
    rmSync(work, { recursive: true });
  }
  rmSync(folder, { recursive: true });
  return samples;
}

/** What is asked for, and what that reads the work of. */
function stepsOf({ only }: ImportPlan): readonly Step[] {
  const isWanted = ({ name }: Step): boolean => name.toLowerCase().includes(only);
  const needsArchive = STEPS.some((step) => step.name === 'restore a packed archive' && isWanted(step));
  return STEPS.filter(
    (step) =>
      isWanted(step) ||
      step.name === 'import NDJSON' ||
      (needsArchive && step.name === 'dump to a packed archive'),
  );
}

function tableOf(plan: ImportPlan, samples: readonly Sample[]): string {
  const of = (documents: number, name: string, what: (sample: Sample) => number): number =>
    median(samples.filter((s) => s.documents === documents && s.step === name).map(what));
  const rate = (documents: number, name: string): number => documents / of(documents, name, (s) => s.seconds);
  const lines = [
    '| documents | command | a second | wanted | CPU µs each | peak MB |',
    '|--:|---|--:|--:|--:|--:|',
  ];
  for (const documents of plan.documents)
    for (const { name, wanted } of stepsOf(plan)) {
      const got = rate(documents, name);
      const least = typeof wanted === 'string' ? rate(documents, wanted) : wanted;
      const goal = Number.isNaN(least) || least === 0 ? '–' : number(least);
      const peak = of(documents, name, (s) => s.peakBytes) / MEGABYTE;
      const micros = of(documents, name, (s) => s.cpuMicros) / documents;
      lines.push(
        `| ${documents.toLocaleString('en-US')} | ${name} | ${number(got)}${got < least ? ', missed' : ''} | ${goal} | ${number(micros)} | ${number(peak)}${peak > MOST_PEAK_MEGABYTES ? ', missed' : ''} |`,
      );
    }
  return lines.join('\n');
}

/** @param args  behind 'import' */
export async function runImportBench(args: readonly string[]): Promise<void> {
  const plan = readPlan(args);
  try {
    const cpu = [cpuLoopMs()];
    const samples: Sample[] = [];
    for (const documents of plan.documents) samples.push(...(await runCount(plan, documents)));
    cpu.push(cpuLoopMs());
    console.log(
      `\n${machine()}, ${plan.rounds} rounds, fixed arithmetic loop ${cpu.map(number).join(' and ')} ms\n`,
    );
    console.log(tableOf(plan, samples));
    if (plan.json !== undefined) writeFileSync(plan.json, `${JSON.stringify(samples, null, 2)}\n`);
  } finally {
    rmSync(plan.folder, { recursive: true, force: true });
  }
}
