/** Results of the suite's runner: one line a case, `outcome \t seconds \t kind of failure \t path::case`. */
import type { Outcome } from './areas.js';

const COUNTED: ReadonlySet<string> = new Set(['passed', 'failed', 'error']);

/** Case → whether it passed. A case that is told twice passed if it passed both times. */
export function parseResults(text: string): Map<string, boolean> {
  const results = new Map<string, boolean>();
  for (const line of text.split('\n')) {
    const [outcome, , , id] = line.split('\t');
    if (outcome === undefined || id === undefined || !COUNTED.has(outcome)) continue;
    results.set(id, outcome === 'passed' && results.get(id) !== false);
  }
  return results;
}

/** @param free  what a server that does nothing gives */
export function outcomesOf(
  results: ReadonlyMap<string, boolean>,
  free: ReadonlyMap<string, boolean>,
): Outcome[] {
  return [...results].map(([id, isPassed]) => ({
    path: id.split('::')[0]!,
    isPassed,
    isFree: free.get(id) === true,
  }));
}
