/** What is read: a file or standard input, unpacked when it is gzip, in pieces, with how far the reading is. */
import { closeSync, createReadStream, openSync, readSync, statSync, type Stats } from 'node:fs';
import { createGunzip } from 'node:zlib';
import type { Writable } from 'node:stream';

/** Bytes of a file that are read at a time. */
const PIECE_BYTES = 256 * 1024;

export interface Input {
  /** Bytes, unpacked; each piece stays as it is until the next one is asked for. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Bytes of the file; 0: not known. */
  readonly total: number;
  /** Bytes of the file that have been read. */
  done(): number;
}

const GZIP = [0x1f, 0x8b];

/** @param path  undefined or '-': standard input */
export async function openInput(path: string | undefined): Promise<Input> {
  const known = path === undefined || path === '-' ? undefined : stateOf(path);
  if (known?.isDirectory() === true) throw new Error(`${path} is a folder, not a file`);
  let done = 0;
  const count = (bytes: number): void => void (done += bytes);
  if (known?.isFile() === true) {
    const pieces = piecesOf(path!, count);
    const chunks = headOf(path!).equals(Buffer.from(GZIP)) ? gunzip(pieces, path!) : pieces;
    return { chunks, total: known.size, done: () => done };
  }
  // a pipe or a device can only be read once: its first piece tells what it is
  const stream = known === undefined ? process.stdin : createReadStream(path!);
  const pieces = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  const first = await pieces.next();
  const all = streamedPieces(first, pieces, count);
  const isGzip = first.done !== true && GZIP.every((byte, i) => first.value[i] === byte);
  return { chunks: isGzip ? gunzip(all, path ?? 'the input') : all, total: 0, done: () => done };
}

/** @throws Error when there is nothing */
function stateOf(path: string): Stats {
  const state = statSync(path, { throwIfNoEntry: false });
  if (state === undefined) throw new Error(`there is no file ${path}`);
  return state;
}

/** The first two bytes. @throws Error when it may not be read */
function headOf(path: string): Buffer {
  try {
    const file = openSync(path, 'r');
    const head = Buffer.alloc(GZIP.length);
    readSync(file, head);
    closeSync(file);
    return head;
  } catch (error) {
    throw new Error(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * At once, for the system reads ahead: handing a read to another thread takes longer than the read.
 * @yields the same buffer again and again
 */
async function* piecesOf(path: string, count: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  const file = openSync(path, 'r');
  const buffer = Buffer.allocUnsafeSlow(PIECE_BYTES);
  try {
    for (;;) {
      const bytesRead = readSync(file, buffer, 0, PIECE_BYTES, null);
      if (bytesRead === 0) return;
      count(bytesRead);
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    closeSync(file);
  }
}

async function* streamedPieces(
  first: IteratorResult<Uint8Array>,
  rest: AsyncIterator<Uint8Array>,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for (let piece = first; piece.done !== true; piece = await rest.next()) {
    count(piece.value.length);
    yield piece.value;
  }
}

/** @param name  of the input, for messages */
async function* gunzip(packed: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  const unpack = createGunzip();
  const feeding = (async () => {
    try {
      for await (const chunk of packed) {
        if (unpack.destroyed) return;
        await taken(unpack, chunk);
      }
      unpack.end();
    } catch (error) {
      unpack.destroy(error as Error);
    }
  })();
  try {
    for await (const chunk of unpack as AsyncIterable<Uint8Array>) yield chunk;
  } catch (error) {
    throw new Error(`${name} is damaged gzip: ${(error as Error).message}`, { cause: error });
  }
  await feeding;
}

/** Resolves when the piece has been taken in, or the stream is gone. */
function taken(stream: Writable, piece: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    stream.once('close', resolve);
    stream.write(piece, () => {
      stream.off('close', resolve);
      resolve();
    });
  });
}

/** So much of an input tells whether it is text. */
const LOOK_BYTES = 4096;

/** @throws Error when what begins like this cannot be text in UTF-8 */
export function checkIsText(start: Uint8Array): void {
  const [first, second] = start;
  if ((first === 0xfe && second === 0xff) || (first === 0xff && second === 0xfe))
    throw new Error('the input is UTF-16: convert it to UTF-8');
  const at = start.subarray(0, LOOK_BYTES).indexOf(0);
  if (at >= 0)
    throw new Error(
      `the input is no text: byte ${at} is zero. What mongodump and elmo dump write is for elmo restore`,
    );
}

/** Text, piece by piece, without a mark of its byte order at the start. */
export async function* textOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8');
  let isFirst = true;
  for await (const chunk of chunks) {
    if (isFirst) checkIsText(chunk);
    isFirst = false;
    yield decoder.decode(chunk, { stream: true });
  }
  yield decoder.decode();
}
