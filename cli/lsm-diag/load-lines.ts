/**
 * `load-lines`: stores each line of a text as a key without value. Memory stays bounded however long the text or a line
 * is; an interrupt ends the loading in order, and what was loaded stays.
 */
import { createReadStream, statSync, type ReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { MAX_KEY_BYTES, type LsmStore, type WriteBatch } from '../../lsm/index.js';
import { formatCount, formatDuration, formatFacts, formatJson, formatSize } from '../output.js';
import { Progress } from '../progress.js';
import type { Terminal } from '../terminal.js';
import { openToWrite, parseCount, type DiagContext } from './context.js';

export interface LoadFlags {
  readonly batch: string;
  readonly count: boolean;
}

const READ_BYTES = 1024 * 1024;
/** Text between two waits for the store: batches that are begun meanwhile are held in memory. */
const SLICE_BYTES = 64 * 1024;
/** A batch is written when it has so many bytes, however few lines. */
const MAX_BATCH_BYTES = 1024 * 1024;
/** Keys counted between two turns of the event loop. */
const COUNT_SLICE = 50_000;
const NO_VALUE = new Uint8Array(0);
const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Takes a line: `bytes[start, end)`, without its end; valid during the call. */
export type OnLine = (bytes: Uint8Array, start: number, end: number) => void;

/** Cuts chunks of text into lines. A line ends with a line feed, before which a carriage return does not count. */
export class LineSplitter {
  /** Lines longer than a key can be: left out. */
  tooLong = 0;
  /** Number of the first of them, from 1; 0: there is none. */
  firstTooLong = 0;
  /** Lines without a byte: left out too, no key is empty. */
  empty = 0;
  /** Lines seen, all of them. */
  lines = 0;
  private readonly carry = new Uint8Array(MAX_KEY_BYTES + 1);
  private carried = 0;
  private isOverlong = false;

  constructor(private readonly onLine: OnLine) {}

  push(chunk: Uint8Array): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      if (this.carried === 0 && !this.isOverlong) this.line(chunk, start, end);
      else {
        this.keep(chunk, start, end);
        this.endCarried();
      }
      start = end + 1;
    }
    this.keep(chunk, start, chunk.length);
  }

  /** The text is over: what is left is its last line. */
  finish(): void {
    if (this.carried > 0 || this.isOverlong) this.endCarried();
  }

  private keep(chunk: Uint8Array, start: number, end: number): void {
    if (end - start > this.carry.length - this.carried) this.isOverlong = true;
    if (this.isOverlong) return;
    this.carry.set(chunk.subarray(start, end), this.carried);
    this.carried += end - start;
  }

  private endCarried(): void {
    if (this.isOverlong) this.skipLong();
    else this.line(this.carry, 0, this.carried);
    this.carried = 0;
    this.isOverlong = false;
  }

  private line(bytes: Uint8Array, start: number, end: number): void {
    const last = end > start && bytes[end - 1] === RETURN ? end - 1 : end;
    if (last - start > MAX_KEY_BYTES) {
      this.skipLong();
      return;
    }
    this.lines++;
    if (last === start) this.empty++;
    else this.onLine(bytes, start, last);
  }

  private skipLong(): void {
    this.lines++;
    this.tooLong++;
    if (this.firstTooLong === 0) this.firstTooLong = this.lines;
  }
}

interface LoadResult {
  readonly lines: number;
  readonly emptyLines: number;
  readonly tooLongLines: number;
  readonly firstTooLongLine: number;
  /** undefined: not counted. */
  readonly keysBefore: number | undefined;
  readonly keysAfter: number | undefined;
  /** Lines that were there already, or came more than once. */
  readonly duplicates: number | undefined;
  readonly textBytes: number;
  readonly seconds: number;
  readonly linesPerSecond: number;
  readonly isInterrupted: boolean;
  readonly fileBytes: number;
}

/** @returns the exit code: 1 when lines were left out, or the loading was interrupted */
export async function loadLinesCommand(
  context: DiagContext,
  text: string,
  flags: LoadFlags,
): Promise<number> {
  const batchLines = parseCount(flags.batch, '--batch', 1);
  const input = openText(text);
  let isInterrupted = false;
  const interrupt = (): void => {
    isInterrupted = true;
    input.source.destroy();
  };
  const store = await openToWrite(context, true);
  process.once('SIGINT', interrupt);
  let result: Omit<LoadResult, 'fileBytes'>;
  try {
    result = await load(context.terminal, store, input, batchLines, flags.count, () => isInterrupted);
  } finally {
    process.removeListener('SIGINT', interrupt);
    input.source.destroy();
    await store.close();
  }
  await report(context, { ...result, fileBytes: statSync(context.path).size });
  return result.tooLongLines > 0 || result.isInterrupted ? 1 : 0;
}

interface Input {
  readonly source: NodeJS.ReadableStream & { destroy(error?: Error): void };
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Bytes to be read; 0: not known. */
  readonly totalBytes: number;
  bytesRead(): number;
}

function openText(path: string): Input {
  if (path === '-') {
    let count = 0;
    const chunks = async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) {
        count += chunk.length;
        yield chunk;
      }
    };
    return { source: process.stdin, chunks: chunks(), totalBytes: 0, bytesRead: () => count };
  }
  const totalBytes = statSync(path).size;
  const source: ReadStream = createReadStream(path, { highWaterMark: READ_BYTES });
  const bytesRead = (): number => source.bytesRead;
  if (!path.endsWith('.gz'))
    return { source, chunks: source as AsyncIterable<Uint8Array>, totalBytes, bytesRead };
  const unpacked = source.pipe(createGunzip({ chunkSize: READ_BYTES }));
  source.on('error', (error) => unpacked.destroy(error));
  source.on('close', () => {
    if (!source.readableEnded) unpacked.destroy();
  });
  return { source, chunks: unpacked as AsyncIterable<Uint8Array>, totalBytes, bytesRead };
}

async function load(
  terminal: Terminal,
  store: LsmStore,
  input: Input,
  batchLines: number,
  isCounting: boolean,
  isInterrupted: () => boolean,
): Promise<Omit<LoadResult, 'fileBytes'>> {
  const keysBefore = isCounting ? await countKeys(terminal, store) : undefined;
  const writer = new BatchWriter(store, batchLines);
  const splitter = new LineSplitter((bytes, start, end) => writer.put(bytes.subarray(start, end)));
  const progress = new Progress(terminal, {
    label: 'loading',
    total: input.totalBytes,
    formatSteps: formatSize,
  });
  let textBytes = 0;
  try {
    for await (const chunk of input.chunks) {
      textBytes += chunk.length;
      for (let at = 0; at < chunk.length; at += SLICE_BYTES) {
        splitter.push(chunk.subarray(at, at + SLICE_BYTES));
        await writer.settled();
      }
      const rate = splitter.lines / Math.max(0.001, progress.elapsedSeconds);
      progress.update(
        input.bytesRead(),
        () => `${formatCount(splitter.lines)} lines, ${formatCount(Math.round(rate))}/s`,
      );
      if (isInterrupted()) break;
    }
    if (!isInterrupted()) splitter.finish();
    await writer.finish();
  } catch (error) {
    if (!isInterrupted()) throw error;
    await writer.finish();
  } finally {
    progress.stop();
  }
  const seconds = progress.elapsedSeconds;
  const keysAfter = isCounting && !isInterrupted() ? await countKeys(terminal, store) : undefined;
  const written = splitter.lines - splitter.empty - splitter.tooLong;
  const isKnown = keysBefore !== undefined && keysAfter !== undefined;
  return {
    lines: splitter.lines,
    emptyLines: splitter.empty,
    tooLongLines: splitter.tooLong,
    firstTooLongLine: splitter.firstTooLong,
    keysBefore,
    keysAfter,
    duplicates: isKnown ? written - (keysAfter - keysBefore) : undefined,
    textBytes,
    seconds,
    linesPerSecond: Math.round(splitter.lines / Math.max(0.001, seconds)),
    isInterrupted: isInterrupted(),
  };
}

/** Gathers lines into batches. */
class BatchWriter {
  private readonly batch: WriteBatch;
  private writes: Promise<void>[] = [];

  constructor(
    private readonly store: LsmStore,
    private readonly batchLines: number,
  ) {
    this.batch = store.batch();
  }

  put(key: Uint8Array): void {
    this.batch.put(key, NO_VALUE);
    if (this.batch.count >= this.batchLines || this.batch.byteLength >= MAX_BATCH_BYTES) this.write();
  }

  /** Resolves when the store has taken the batches so far. */
  async settled(): Promise<void> {
    const { writes } = this;
    if (writes.length === 0) return;
    this.writes = [];
    await Promise.all(writes);
  }

  /** Writes what is left. */
  async finish(): Promise<void> {
    if (this.batch.count > 0) this.write();
    await this.settled();
  }

  /** The store copies the batch before the call returns. */
  private write(): void {
    this.writes.push(this.store.write(this.batch));
    this.batch.clear();
  }
}

async function countKeys(terminal: Terminal, store: LsmStore): Promise<number> {
  const progress = new Progress(terminal, { label: 'counting keys', total: store.estimate().count });
  const cursor = store.scan();
  let count = 0;
  try {
    while (cursor.next()) {
      count++;
      if (count % COUNT_SLICE !== 0) continue;
      progress.update(count);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return count;
  } finally {
    cursor.close();
    progress.stop();
  }
}

async function report({ terminal, isJson, path }: DiagContext, result: LoadResult): Promise<void> {
  if (isJson) {
    await terminal.write(formatJson({ path, ...result }));
    return;
  }
  const {
    lines,
    emptyLines,
    tooLongLines,
    keysAfter,
    keysBefore,
    duplicates,
    textBytes,
    seconds,
    fileBytes,
  } = result;
  const facts: [string, string][] = [
    ['lines', `${formatCount(lines)}, ${formatSize(textBytes)}`],
    ['time', `${formatDuration(seconds)}, ${formatCount(result.linesPerSecond)} lines/s`],
  ];
  if (keysAfter !== undefined && keysBefore !== undefined) {
    facts.push(['keys', `${formatCount(keysAfter)}, ${formatCount(keysAfter - keysBefore)} of them new`]);
  }
  if (duplicates !== undefined) facts.push(['duplicates', formatCount(duplicates)]);
  if (emptyLines > 0) facts.push(['empty lines', `${formatCount(emptyLines)}, left out`]);
  if (tooLongLines > 0) {
    const first = formatCount(result.firstTooLongLine);
    const most = formatCount(MAX_KEY_BYTES);
    facts.push([
      'too long',
      `${formatCount(tooLongLines)} lines of more than ${most} bytes left out, first line ${first}`,
    ]);
  }
  facts.push(['file', formatSize(fileBytes)]);
  if (result.isInterrupted) facts.push(['interrupted', 'what was loaded is kept']);
  await terminal.write(formatFacts(facts));
}
