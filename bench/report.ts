/** From single measurements to a table for people: medians, spread, ratios. Pure. */
import { cpus, totalmem, type as osType, release } from 'node:os';
import type { PeerName } from './peers.js';
import { GOALS } from './workloads/table.js';
import type { Measured, Workload } from './workloads/workload.js';

export interface Sample {
  readonly workload: string;
  readonly peer: PeerName;
  readonly round: number;
  readonly measured?: Measured;
  readonly error?: string;
  readonly cpuLoopMs?: number;
}

export interface Run {
  readonly machine: string;
  readonly startedAt: string;
  readonly entries: number;
  readonly rounds: number;
  readonly seed: number;
  readonly versions: Readonly<Record<string, string>>;
  readonly durability: Record<string, string>;
  readonly samples: Sample[];
}

export function machine(): string {
  const { model } = cpus()[0] ?? { model: 'unknown processor' };
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} × ${model.trim()}, ${memory} GiB, ${osType()} ${release()}, Node ${process.versions.node}`;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return NaN;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Three digits that matter, thousands apart: 1234567 -> 1,230,000. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  const rounded = Number(value.toPrecision(3));
  return rounded.toLocaleString('en-US', { maximumFractionDigits: digits });
}

interface Line {
  readonly peer: PeerName;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** NaN when the workload does not measure it. */
  readonly cpuMicros: number;
  readonly details: Record<string, number>;
  readonly errors: number;
}

function lineOf(samples: readonly Sample[], peer: PeerName): Line {
  const measured = samples.filter((s) => s.peer === peer).flatMap((s) => (s.measured ? [s.measured] : []));
  const values = measured.map((m) => m.value);
  const details: Record<string, number> = {};
  for (const name of Object.keys(measured[0]?.details ?? {}))
    details[name] = median(measured.map((m) => m.details[name]!));
  const errors = samples.filter((s) => s.peer === peer && s.error !== undefined).length;
  return {
    peer,
    median: median(values),
    min: Math.min(...values),
    max: Math.max(...values),
    cpuMicros: median(measured.flatMap((m) => (m.cpuMicros === undefined ? [] : [m.cpuMicros]))),
    details,
    errors,
  };
}

/** How many times better `a` is than `b`. */
function timesBetter(workload: Workload, a: number, b: number): number {
  return workload.better === 'more' ? a / b : b / a;
}

/** One workload as a Markdown table. */
export function workloadTable(workload: Workload, run: Run, peers: readonly PeerName[]): string {
  const samples = run.samples.filter((s) => s.workload === workload.name);
  const lines = peers.map((peer) => lineOf(samples, peer));
  const elmo = lines.find((line) => line.peer === 'elmo');
  const others = lines.filter((line) => line.peer !== 'elmo' && Number.isFinite(line.median));
  const best = others.reduce<Line | undefined>(
    (a, b) => (a === undefined || timesBetter(workload, b.median, a.median) > 1 ? b : a),
    undefined,
  );
  const rows = lines.map((line) => {
    const elmoTimes =
      elmo && line !== elmo ? `${number(timesBetter(workload, elmo.median, line.median))} ×` : '';
    const details = Object.entries(line.details).map(([name, value]) => `${name} ${number(value)}`);
    if (line.errors > 0) details.push(`**${line.errors} failed**`);
    const cpuTimes =
      elmo && line !== elmo && Number.isFinite(line.cpuMicros)
        ? `${number(line.cpuMicros / elmo.cpuMicros)} ×`
        : '';
    const cells = [
      number(line.median),
      number(line.min),
      number(line.max),
      elmoTimes,
      number(line.cpuMicros),
      cpuTimes,
      details.join(' · '),
    ];
    return `| ${line.peer} | ${cells.join(' | ')} |`;
  });
  const text = [
    `### ${workload.name} (${workload.unit}, ${workload.better} is better)`,
    workload.question,
    '',
    '| peer | median | min | max | elmo is better by | CPU µs each | by CPU | more |',
    '|---|--:|--:|--:|--:|--:|--:|---|',
    ...rows,
  ];
  if (elmo && best) text.push('', verdict(workload, elmo, best, lines));
  return `${text.join('\n')}\n`;
}

function verdict(workload: Workload, elmo: Line, best: Line, lines: readonly Line[]): string {
  const toBest = timesBetter(workload, elmo.median, best.median);
  const parts = [`elmo to the best peer (${best.peer}): ${number(toBest)} ×`];
  const goal = GOALS[workload.name];
  const reference = goal && lines.find((line) => line.peer === goal.than);
  if (goal && reference && Number.isFinite(reference.median)) {
    const reached = timesBetter(workload, elmo.median, reference.median);
    const word = reached >= goal.times ? 'reached' : 'missed';
    const byCpu = reference.cpuMicros / elmo.cpuMicros;
    const cpu = Number.isFinite(byCpu) ? ` (by processor time ${number(byCpu)} ×)` : '';
    parts.push(`goal ${number(goal.times)} × ${goal.than}: ${number(reached)} ×, ${word}${cpu}`);
  }
  return parts.join('; ');
}

/** What every figure of the run has in common. */
export function preamble(run: Run): string {
  const noise = run.samples.flatMap((s) => (s.cpuLoopMs === undefined ? [] : [s.cpuLoopMs]));
  const versions = Object.entries(run.versions).map(([name, version]) => `${name} ${version}`);
  const lines = [
    `${run.machine}.`,
    `${number(run.entries)} entries, ${run.rounds} rounds interleaved over the peers, seed ${run.seed}; ${versions.join(', ')}.`,
    `A fixed arithmetic loop before each measurement took ${number(median(noise))} ms ` +
      `(${number(Math.min(...noise))} to ${number(Math.max(...noise))}): the spread is the noise of the machine.`,
    '',
    'How safe a write is when it is answered:',
    ...Object.entries(run.durability).map(([name, words]) => `- ${name}: ${words}`),
  ];
  return `${lines.join('\n')}\n`;
}
