/** `merge`, `compact` and `backup`: what is done to a store as a whole. */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { LsmStats, LsmStore } from '../../lsm/index.js';
import { UsageError } from '../errors.js';
import { formatCount, formatDuration, formatJson, formatSize, formatTable, type Column } from '../output.js';
import { writing } from '../output-path.js';
import { Progress } from '../progress.js';
import type { Terminal } from '../terminal.js';
import { openToRead, openToWrite, type DiagContext } from './context.js';

/** Between two looks at how far it is. */
const TICK_MS = 200;

interface Figures {
  readonly runs: number;
  readonly tables: number;
  readonly entries: number;
  readonly tombstones: number;
  readonly tableBytes: number;
  readonly fileBytes: number;
}

function figuresOf({ levels, fileBytes }: LsmStats): Figures {
  const sum = (of: (level: LsmStats['levels'][number]) => number): number =>
    levels.reduce((total, level) => total + of(level), 0);
  return {
    runs: sum(({ runs }) => runs),
    tables: sum(({ tables }) => tables),
    entries: sum(({ entries }) => entries),
    tombstones: sum(({ tombstones, rangeTombstones }) => tombstones + rangeTombstones),
    tableBytes: sum(({ bytes }) => bytes),
    fileBytes,
  };
}

export function mergeCommand(context: DiagContext): Promise<number> {
  return changeWhole(context, 'merging', (store) => store.mergeAll());
}

/** @param to  where a copy goes; undefined: the file itself becomes shorter */
export async function compactCommand(context: DiagContext, to: string | undefined): Promise<number> {
  if (to === undefined) return changeWhole(context, 'compacting', (store) => store.compact());
  checkFree(to);
  const { terminal, isJson, path } = context;
  const store = await openToWrite(context, false);
  let seconds: number;
  try {
    seconds = await withTicks(terminal, 'compacting', store, () => store.compactTo(to));
  } finally {
    await store.close();
  }
  const result = { from: path, to, fileBytes: statSync(path).size, copyBytes: statSync(to).size, seconds };
  await terminal.write(
    isJson
      ? formatJson(result)
      : `${to}: ${formatSize(result.copyBytes)} (${path}: ${formatSize(result.fileBytes)}) in ${formatDuration(seconds)}\n`,
  );
  return 0;
}

async function changeWhole(
  context: DiagContext,
  label: string,
  change: (store: LsmStore) => Promise<void>,
): Promise<number> {
  const { terminal, isJson, path } = context;
  const store = await openToWrite(context, false);
  let before: Figures;
  let after: Figures;
  let seconds: number;
  try {
    await store.flush();
    before = figuresOf(store.stats());
    seconds = await withTicks(terminal, label, store, () => change(store));
    after = figuresOf(store.stats());
  } finally {
    await store.close();
  }
  after = { ...after, fileBytes: statSync(path).size };
  if (isJson) await terminal.write(formatJson({ path, before, after, seconds }));
  else await terminal.write(`${compare(terminal, before, after)}${formatDuration(seconds)}\n`);
  return 0;
}

type Row = readonly [name: string, before: string, after: string];

const COLUMNS: readonly Column<Row>[] = [
  { title: '', of: ([name]) => name },
  { title: 'before', of: ([, before]) => before, isRight: true },
  { title: 'after', of: ([, , after]) => after, isRight: true },
];

function compare(terminal: Terminal, before: Figures, after: Figures): string {
  const row = (name: string, of: (figures: Figures) => string): Row => [name, of(before), of(after)];
  return formatTable(terminal, COLUMNS, [
    row('runs', ({ runs }) => formatCount(runs)),
    row('tables', ({ tables }) => formatCount(tables)),
    row('bytes of tables', ({ tableBytes }) => formatSize(tableBytes)),
    row('entries', ({ entries }) => formatCount(entries)),
    row('tombstones', ({ tombstones }) => formatCount(tombstones)),
    row('file', ({ fileBytes }) => formatSize(fileBytes)),
  ]);
}

/** Shows that something goes on. @returns seconds */
async function withTicks(
  terminal: Terminal,
  label: string,
  store: LsmStore,
  work: () => Promise<void>,
): Promise<number> {
  const progress = new Progress(terminal, { label, total: 0, formatSteps: formatSize });
  const timer = setInterval(() => {
    const { fileBytes, space } = store.stats();
    progress.update(fileBytes, () => `${formatSize(space.freeBytes)} free`);
  }, TICK_MS);
  try {
    await work();
    return progress.elapsedSeconds;
  } finally {
    clearInterval(timer);
    progress.stop();
  }
}

export async function backupCommand(context: DiagContext, to: string, mayWrite: boolean): Promise<number> {
  checkFree(to);
  const { terminal, isJson, path } = context;
  const store = mayWrite ? await openToWrite(context, false) : await openToRead(context);
  const { space } = store.stats();
  const progress = new Progress(terminal, {
    label: 'copying',
    total: space.liveBytes,
    formatSteps: formatSize,
  });
  let bytes: number;
  try {
    bytes = await writeCopy(store, to, (done) => progress.update(done));
  } finally {
    progress.stop();
    await store.close();
  }
  const seconds = progress.elapsedSeconds;
  await terminal.write(
    isJson
      ? formatJson({ from: path, to, bytes, seconds })
      : `${to}: ${formatSize(bytes)} in ${formatDuration(seconds)}\n`,
  );
  return 0;
}

/** The copy appears under its name when it is whole and on stable storage. */
async function writeCopy(store: LsmStore, to: string, onProgress: (bytes: number) => void): Promise<number> {
  const partial = `${to}-partial`;
  const fd = writing(to, () => openSync(partial, 'w'));
  let at = 0;
  try {
    try {
      for await (const chunk of store.backup()) {
        for (let done = 0; done < chunk.length;)
          done += writing(to, () => writeSync(fd, chunk, done, chunk.length - done, at + done));
        at += chunk.length;
        onProgress(at);
      }
      writing(to, () => fsyncSync(fd));
    } finally {
      closeSync(fd);
    }
    checkFree(to);
    writing(to, () => renameSync(partial, to));
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
  syncDirectory(dirname(to));
  return at;
}

/** Where the system can: makes the new name durable. */
function syncDirectory(path: string): void {
  if (process.platform === 'win32') return;
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function checkFree(path: string): void {
  if (existsSync(path)) throw new UsageError(`${path} exists already`);
}
