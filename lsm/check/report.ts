/**
 * What a check found: a list of problems, each with a stable code and, where there is one, a place. A check reports all
 * that it sees, it does not stop at the first.
 */
import { LsmError, type FilePosition } from '../errors.js';

/** Every code a `Problem` can carry, and what it means. */
export const PROBLEM_CODES = {
  SpaceGap: 'bytes of the file are in no state',
  SpaceOverlap: 'bytes of the file are in two states, or of two owners',
  SpaceNotLive: 'bytes that the manifest uses are not live in the space map',
  SpaceLost: 'bytes are live, but the manifest does not use them',
  SpaceCount: 'counts of the space map do not match its segments',
  RunOrder: 'runs are not sorted newest first, or a level has two',
  RunEmpty: 'a run has no table',
  TableOrder: 'tables of a run overlap, or are not ascending',
  TableBounds: "a table's lowest key is above its highest",
  TableCounts: "a table's counts contradict each other",
  TableTwice: 'a table is in the version twice, or its id was never given out',
  TableDamaged: 'a table does not pass its checks',
  BlobDamaged: 'a blob does not pass its checks',
  BlobUnknown: 'a table has a blob that the manifest does not know',
  BlobShared: 'a blob is in two tables',
  BlobLost: 'the manifest has a blob that no table has',
} as const;

export type ProblemCode = keyof typeof PROBLEM_CODES;

export interface Problem {
  /** Stable: branch on it. */
  readonly code: ProblemCode;
  /** For people: what was expected, what was found. */
  readonly message: string;
  readonly at?: FilePosition;
}

/** Runs a check that throws; what it throws is a problem, unless it is a bug of ours. */
export function problemsOf(code: ProblemCode, what: string, check: () => void): Problem[] {
  try {
    check();
    return [];
  } catch (error) {
    return [problemOf(code, what, error)];
  }
}

/**
 * The same for a check that is made step by step.
 * @param pause  awaited after each step; what it throws is no problem of the check
 */
export async function problemsOfSteps(
  code: ProblemCode,
  what: string,
  begin: () => Iterator<unknown>,
  pause: () => Promise<void>,
): Promise<Problem[]> {
  let steps: Iterator<unknown> | undefined;
  for (;;) {
    try {
      steps ??= begin();
      if (steps.next().done === true) return [];
    } catch (error) {
      return [problemOf(code, what, error)];
    }
    await pause();
  }
}

function problemOf(code: ProblemCode, what: string, error: unknown): Problem {
  if (!(error instanceof LsmError)) throw error;
  return { code, message: `${what}: ${error.message}`, at: error.at };
}

/** A line for each problem; 'no problem' when there is none. */
export function formatProblems(problems: readonly Problem[]): string {
  if (problems.length === 0) return 'no problem';
  return problems.map(formatProblem).join('\n');
}

function formatProblem({ code, message, at }: Problem): string {
  if (at === undefined) return `${code}: ${message}`;
  return `${code}: ${message} (${at.file}${at.offset === undefined ? '' : ` at byte ${at.offset}`})`;
}
