/** How the demo shows itself: a heading, the lines of code that run, what came of them, and the time they took. */
import { styleText } from 'node:util';
import cliProgress from 'cli-progress';

const isColoured = process.stdout.isTTY === true && (process.env['NO_COLOR'] ?? '') === '';

type Style = Parameters<typeof styleText>[0];

function styled(style: Style, text: string): string {
  return isColoured ? styleText(style, text) : text;
}

export interface Step<T> {
  readonly title: string;
  /** What is shown: the lines of this function, as they are run. */
  readonly run: () => Promise<T>;
  /** What came of it, one line each. */
  readonly report: (result: T) => readonly string[];
}

let stepCount = 0;

/** @returns what the step returned, and its time */
export async function present<T>({ title, run, report }: Step<T>): Promise<{ result: T; ms: number }> {
  stepCount++;
  console.log(`\n${styled('bold', `${stepCount}. ${title}`)}`);
  for (const line of linesOf(run)) console.log(`   ${styled('cyan', line)}`);
  const startedMs = performance.now();
  const result = await run();
  const ms = performance.now() - startedMs;
  for (const line of report(result)) console.log(`   ${styled('green', '→')} ${line}`);
  console.log(`   ${styled('dim', `${formatMs(ms)}`)}`);
  return { result, ms };
}

/** The lines between the braces of a function, moved to the left. */
export function linesOf(run: () => unknown): string[] {
  const source = run.toString();
  const body = source.slice(source.indexOf('{') + 1, source.lastIndexOf('}'));
  const lines = body
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
  const indent = Math.min(...lines.map((line) => line.length - line.trimStart().length));
  return lines.map((line) =>
    line.slice(indent).replace(/^( {4})+/, (spaces) => ' '.repeat(spaces.length / 2)),
  );
}

export function formatMs(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  return ms >= 10 ? `${Math.round(ms)} ms` : `${ms.toFixed(1)} ms`;
}

export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

export function formatMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** A bar on a screen, from the first update on; nothing elsewhere. */
export function progressBar(total: number): { update(done: number): void; stop(): void } {
  if (process.stderr.isTTY !== true) return { update: () => undefined, stop: () => undefined };
  const bar = new cliProgress.SingleBar({
    format: '   {bar} {percentage} %  {value} of {total} documents  {duration_formatted}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 32,
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  });
  return {
    update: (done) => (bar.isActive ? bar.update(done) : bar.start(total, done)),
    stop: () => bar.stop(),
  };
}

/** Lines of a program, set off from the text. */
export function showLines(lines: readonly string[]): void {
  for (const line of lines) console.log(`   ${styled('cyan', line)}`);
}

export function showTitle(title: string, below: string): void {
  console.log(`${styled('bold', title)}\n${styled('dim', below)}`);
}
