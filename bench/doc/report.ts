/** From single measurements to the table for people: medians, the ratios that are wanted, and whether they are met. Pure. */
import { machine, median, number } from '../report.js';
import type { DocPeerName } from './peer.js';
import type { DocMeasured, DocWorkload, Goal } from './workload.js';

export interface DocSample {
  readonly workload: string;
  readonly peer: DocPeerName;
  readonly round: number;
  readonly measured?: DocMeasured;
  readonly error?: string;
}

export interface DocRun {
  readonly startedAt: string;
  readonly documents: number;
  readonly rounds: number;
  readonly seed: number;
  readonly budgetMs: number;
  readonly versions: Readonly<Record<string, string>>;
  readonly durability: Record<string, string>;
  readonly samples: DocSample[];
}

export type Line = Omit<DocWorkload, 'run'>;

export function docPreamble(run: DocRun): string {
  const versions = Object.entries(run.versions).map(([name, version]) => `${name} ${version}`);
  return [
    `${machine()}.`,
    `${number(run.documents)} orders, ${run.rounds} rounds interleaved over the peers, ${run.budgetMs} ms each, medians, seed ${run.seed}; ${versions.join(', ')}.`,
    '',
    'How safe a write is when it is answered:',
    ...Object.entries(run.durability).map(([name, words]) => `- ${name}: ${words}`),
    '',
  ].join('\n');
}

type Figure = 'value' | 'cpuMicros';

export function medianOf(run: DocRun, workload: string, peer: DocPeerName, figure: Figure = 'value'): number {
  const values = run.samples.flatMap((sample) => {
    const value = sample.measured?.[figure];
    return sample.workload === workload && sample.peer === peer && value !== undefined ? [value] : [];
  });
  return median(values);
}

function timesBetter(line: Line, a: number, b: number): number {
  return line.better === 'more' ? a / b : b / a;
}

/** The peer a goal names: of SQLite's two forms the better. */
function peerOf(run: DocRun, line: Line, { than }: Goal): DocPeerName {
  if (than !== 'sqlite') return than;
  const [json, jsonb] = [medianOf(run, line.name, 'sqlite-json'), medianOf(run, line.name, 'sqlite-jsonb')];
  return Number.isFinite(jsonb) && timesBetter(line, jsonb, json) > 1 ? 'sqlite-jsonb' : 'sqlite-json';
}

/** How many times less processor time ours takes; of what works in another process nothing is known. */
function byProcessor(run: DocRun, line: Line, peer: DocPeerName): string {
  if (peer === 'reference') return '';
  const times = medianOf(run, line.name, peer, 'cpuMicros') / medianOf(run, line.name, 'elmo', 'cpuMicros');
  return Number.isFinite(times) ? ` (by processor time ${number(times)} ×)` : '';
}

/** One row a goal: what was wanted, what was reached. */
function verdicts(run: DocRun, line: Line): string {
  const elmo = medianOf(run, line.name, 'elmo');
  const words = line.goals.map((goal) => {
    const peer = peerOf(run, line, goal);
    const reached = timesBetter(line, elmo, medianOf(run, line.name, peer));
    const wanted = `${number(goal.times)} × ${goal.than}`;
    if (!Number.isFinite(reached)) return `${wanted}: –`;
    const words = reached >= goal.times ? `**${number(reached)} ×**` : `${number(reached)} × missed`;
    return `${wanted}: ${words}${byProcessor(run, line, peer)}`;
  });
  if (line.atLeast !== undefined) {
    const isMet = line.better === 'more' ? elmo >= line.atLeast : elmo <= line.atLeast;
    words.push(
      `${line.better === 'more' ? '≥' : '≤'} ${number(line.atLeast)}: ${isMet ? `**${number(elmo)}**` : `${number(elmo)} missed`}`,
    );
  }
  return words.join('; ');
}

export function docTable(run: DocRun, lines: readonly Line[], peers: readonly DocPeerName[]): string {
  const rows = lines.map((line) => {
    const values = peers.map((peer) => number(medianOf(run, line.name, peer)));
    return `| ${line.name} (${line.unit}) | ${values.join(' | ')} | ${verdicts(run, line)} |`;
  });
  return [
    `| workload | ${peers.join(' | ')} | wanted: reached |`,
    `|---|${peers.map(() => '--:').join('|')}|---|`,
    ...rows,
    '',
  ].join('\n');
}
