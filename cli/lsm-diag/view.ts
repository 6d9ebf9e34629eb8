/** Commands that look at a file which nobody has open: it is opened, shown, and its damage told beside. */
import { mapKeys, openStoreFile, verifyFile, type FileProblem, type StoreFile } from '../../lsm/index.js';
import { formatDuration, formatJson, formatSize } from '../output.js';
import { Progress } from '../progress.js';
import type { DiagContext } from './context.js';
import { drawDot, drawKeyMap } from './graph.js';

/** Makes the text of a result. */
export type Show = (context: DiagContext, file: StoreFile) => string;

/**
 * @param slot  the meta slot to begin with; undefined: the newest
 * @returns the exit code: 1 when the file cannot be read in full
 */
export async function view(context: DiagContext, show: Show, slot?: string): Promise<number> {
  return withFile(context, slot, async (file) => {
    await context.terminal.write(show(context, file));
    for (const problem of file.problems) context.terminal.warn(`problem: ${describeProblem(problem)}\n`);
    return file.problems.length === 0 ? 0 : 1;
  });
}

async function withFile(
  { path, encryptionKey }: DiagContext,
  slot: string | undefined,
  use: (file: StoreFile) => Promise<number>,
): Promise<number> {
  const wanted = slot === undefined ? undefined : Number(slot);
  const file = openStoreFile(path, { encryptionKey, slot: wanted });
  try {
    return await use(file);
  } finally {
    file.close();
  }
}

export function describeProblem({ code, message, at }: FileProblem): string {
  const isPlaceTold = at?.offset === undefined || message.includes(String(at.offset));
  return `${message}${isPlaceTold ? '' : ` (byte ${at.offset})`} [${code}]`;
}

export function checkCommand(context: DiagContext, isDeep: boolean): Promise<number> {
  return withFile(context, undefined, async (file) => {
    const { terminal, isJson } = context;
    const problems = await runCheck(context, file, isDeep);
    const count = problems.length;
    if (isJson) await terminal.write(formatJson({ path: file.path, isDeep, isGood: count === 0, problems }));
    else if (count === 0) await terminal.write(`${file.path}: no problem\n`);
    else {
      const lines = problems.map((problem) => `${describeProblem(problem)}\n`).join('');
      await terminal.write(`${lines}${file.path}: ${count} problem${count === 1 ? '' : 's'}\n`);
    }
    return count === 0 ? 0 : 1;
  });
}

async function runCheck(
  { terminal }: DiagContext,
  file: StoreFile,
  isDeep: boolean,
): Promise<readonly FileProblem[]> {
  const steps = verifyFile(file, isDeep);
  let progress: Progress | undefined;
  try {
    for (;;) {
      const step = steps.next();
      if (step.done === true) {
        if (progress !== undefined && progress.elapsedSeconds > 2) {
          terminal.warn(
            `verified ${formatSize(file.fileBytes)} in ${formatDuration(progress.elapsedSeconds)}\n`,
          );
        }
        return step.value;
      }
      const { doneBytes, totalBytes, what } = step.value;
      progress ??= new Progress(terminal, { label: 'verifying', total: totalBytes, formatSteps: formatSize });
      progress.update(doneBytes, () => what);
      // The bar is drawn by a timer.
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    progress?.stop();
  }
}

/**
 * Pins live in the process that has the store open, and end with it: a file at rest has none. What else holds it, or
 * would be needed to open it, is shown instead.
 */
export function pinsCommand(context: DiagContext): Promise<number> {
  return view(context, ({ isJson }, { path, meta, logs }) => {
    const live = logs.filter(({ isObsolete }) => !isObsolete);
    if (isJson) {
      return formatJson({ holder: null, pins: [], isClean: meta?.isClean ?? false, logs: live.length });
    }
    const rest =
      live.length === 0
        ? ''
        : `It was not closed in order: ${live.length} log${live.length === 1 ? '' : 's'} will be read at its next open.\n`;
    return (
      `No process has ${path} open, so nothing is pinned.\n${rest}` +
      'A program that has it open lists its own pins, with their age, in `store.stats().pins`.\n'
    );
  });
}

export function graphCommand(context: DiagContext, isDot: boolean): Promise<number> {
  return view(context, ({ terminal, isJson }, file) => {
    const map = mapKeys(file);
    if (isJson) return formatJson(map);
    return isDot ? drawDot(map) : drawKeyMap(map, Math.min(terminal.columns, 120));
  });
}
