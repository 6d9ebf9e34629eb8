/**
 * How does `elmo serve` do beside the reference engine, both behind the official driver? Rounds are interleaved, the order
 * of the two turns; medians and ratios are printed. 32 clients are spread over four processes of the driver.
 *
 *   npm run bench -- server [workload…] [--rounds R] [--reference URI | --alone] [--file FILE] [--profile FOLDER] [--json FILE]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { installPackage } from '../installed.js';
import { cpuLoopMs } from '../measure.js';
import { machine, median, number } from '../report.js';
import {
  elmoSide,
  processorMicros,
  referenceSide,
  residentBytes,
  startToReplyMs,
  type Side,
} from './servers.js';
import { SERVER_WORKLOADS, type ServerWorkload } from './workloads.js';

const REFERENCE = 'mongodb://127.0.0.1:27117/';
const DATABASE = 'elmo_bench';
const START_ROUNDS = 5;
const IDLE_MS = 3000;
const MEBIBYTE = 1024 * 1024;

interface Sample {
  readonly workload: string;
  readonly side: string;
  readonly round: number;
  readonly perSecond: number;
  /** Of the server, microseconds a unit; NaN when it is not ours. */
  readonly serverMicros: number;
}

interface Plan {
  readonly workloads: readonly ServerWorkload[];
  readonly rounds: number;
  readonly reference: string | undefined;
  readonly file: string | undefined;
  readonly profile: string | undefined;
  readonly json: string | undefined;
}

function readPlan(args: readonly string[]): Plan {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '3' },
      reference: { type: 'string', default: REFERENCE },
      alone: { type: 'boolean', default: false },
      file: { type: 'string' },
      profile: { type: 'string' },
      json: { type: 'string' },
    },
  });
  const unknown = positionals.find((name) => !SERVER_WORKLOADS.some((workload) => workload.name === name));
  if (unknown !== undefined)
    throw new Error(
      `there is no workload ${unknown}; there are ${SERVER_WORKLOADS.map(({ name }) => name).join(', ')}`,
    );
  return {
    workloads: SERVER_WORKLOADS.filter(({ name }) => positionals.length === 0 || positionals.includes(name)),
    rounds: Number(values.rounds),
    reference: values.alone ? undefined : values.reference,
    file: values.file,
    profile: values.profile,
    json: values.json,
  };
}

function runOnce({ client, drivers }: Side, workload: ServerWorkload, round: number): Promise<number> {
  return workload.isSpread === true
    ? drivers.run({ workload: workload.name, database: DATABASE, round })
    : workload.run(client.db(DATABASE), round);
}

async function measure(side: Side, workload: ServerWorkload, round: number): Promise<Sample> {
  const cpuBefore = side.pid === undefined ? NaN : processorMicros(side.pid);
  const startedAt = performance.now();
  const units = await runOnce(side, workload, round);
  const seconds = (performance.now() - startedAt) / 1000;
  const cpu = side.pid === undefined ? NaN : processorMicros(side.pid) - cpuBefore;
  const sample = { workload: workload.name, side: side.name, round };
  return { ...sample, perSecond: units / seconds, serverMicros: cpu / units };
}

async function runAll(plan: Plan, sides: readonly Side[]): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const workload of plan.workloads) {
    for (const side of sides) await workload.prepare?.(side.client.db(DATABASE));
    for (const side of sides) await runOnce(side, workload, plan.rounds); // warms both up
    for (let round = 0; round < plan.rounds; round++)
      for (let turn = 0; turn < sides.length; turn++) {
        const sample = await measure(sides[(turn + round) % sides.length]!, workload, round);
        samples.push(sample);
        console.error(
          `round ${round + 1}  ${workload.name.padEnd(10)} ${sample.side.padEnd(9)} ${number(sample.perSecond)} ${workload.unit}/s`,
        );
      }
  }
  for (const side of sides) await side.client.db(DATABASE).dropDatabase();
  return samples;
}

function tableOf(plan: Plan, samples: readonly Sample[]): string {
  const of = (workload: string, side: string, what: 'perSecond' | 'serverMicros'): number =>
    median(samples.filter((s) => s.workload === workload && s.side === side).map((s) => s[what]));
  const lines = [
    '| per second | elmo | reference | ratio | wanted | CPU µs of elmo each |',
    '|---|--:|--:|--:|--:|--:|',
  ];
  for (const { name, unit, wanted } of plan.workloads) {
    const [ours, theirs] = [of(name, 'elmo', 'perSecond'), of(name, 'reference', 'perSecond')];
    const ratio = Number.isNaN(theirs)
      ? '–'
      : `${number(ours / theirs)} ×${ours / theirs < wanted ? ', missed' : ''}`;
    lines.push(
      `| ${name}, ${unit} | ${number(ours)} | ${number(theirs)} | ${ratio} | ${wanted} × | ${number(of(name, 'elmo', 'serverMicros'))} |`,
    );
  }
  return lines.join('\n');
}

async function idleAndStart(installed: string, folder: string): Promise<string> {
  const idle = await elmoSide(installed, join(folder, 'idle.elmo'), []);
  await idle.client.db(DATABASE).command({ ping: 1 });
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  const bytes = residentBytes(idle.pid!);
  await idle.stop();
  const starts: number[] = [];
  for (let i = 0; i < START_ROUNDS; i++)
    starts.push(await startToReplyMs(installed, join(folder, 'start.elmo')));
  return [
    `start to first reply: ${number(median(starts))} ms (wanted: at most 100)`,
    `resident memory of an idle server: ${number(bytes / MEBIBYTE)} MiB (wanted: at most 80)`,
  ].join('\n');
}

/** @param args  behind 'server' */
export async function runServerBench(args: readonly string[]): Promise<void> {
  const plan = readPlan(args);
  const folder = mkdtempSync(join(tmpdir(), 'elmo-bench-server-'));
  const sides: Side[] = [];
  try {
    const installed = await installPackage(folder);
    const profiling = plan.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${plan.profile}`];
    sides.push(await elmoSide(installed, plan.file ?? join(folder, 'bench.elmo'), profiling));
    if (plan.reference !== undefined) sides.push(await referenceSide(plan.reference));
    const cpu = [cpuLoopMs()];
    const samples = await runAll(plan, sides);
    cpu.push(cpuLoopMs());
    console.log(
      `\n${machine()}, ${plan.rounds} rounds, fixed arithmetic loop ${cpu.map(number).join(' and ')} ms\n`,
    );
    console.log(tableOf(plan, samples));
    console.log(`\n${await idleAndStart(installed, folder)}`);
    if (plan.json !== undefined) writeFileSync(plan.json, `${JSON.stringify(samples, null, 2)}\n`);
  } finally {
    for (const side of sides) await side.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
