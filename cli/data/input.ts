/** What is read: a file or standard input, unpacked when it is gzip, in pieces, with how far the reading is. */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createGunzip } from 'node:zlib';
import type { Readable, Writable } from 'node:stream';

export interface Input {
  /** Bytes, unpacked. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Bytes of the file; 0: not known. */
  readonly total: number;
  /** Bytes of the file that have been read. */
  done(): number;
}

/** @param path  undefined or '-': standard input */
export async function openInput(path: string | undefined): Promise<Input> {
  const isStandard = path === undefined || path === '-';
  if (!isStandard && !existsSync(path)) throw new Error(`there is no file ${path}`);
  const source: Readable = isStandard ? process.stdin : createReadStream(path, { highWaterMark: 64 * 1024 });
  const pieces = source[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  const first = await pieces.next();
  let done = 0;
  const all = async function* (): AsyncGenerator<Uint8Array> {
    for (let piece = first; piece.done !== true; piece = await pieces.next()) {
      done += piece.value.length;
      yield piece.value;
    }
  };
  const isGzip = first.done !== true && first.value[0] === 0x1f && first.value[1] === 0x8b;
  return {
    chunks: isGzip ? gunzip(all()) : all(),
    total: isStandard ? 0 : statSync(path).size,
    done: () => done,
  };
}

async function* gunzip(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const unpack = createGunzip();
  const feeding = (async () => {
    try {
      for await (const chunk of packed) {
        if (unpack.destroyed) return;
        if (!unpack.write(chunk)) await roomIn(unpack);
      }
      unpack.end();
    } catch (error) {
      unpack.destroy(error as Error);
    }
  })();
  try {
    for await (const chunk of unpack as AsyncIterable<Uint8Array>) yield chunk;
  } catch (error) {
    throw new Error(`the input is damaged gzip: ${(error as Error).message}`, { cause: error });
  }
  await feeding;
}

/** Resolves when more can be written, or the stream is gone. */
function roomIn(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      stream.off('drain', end).off('close', end);
      resolve();
    };
    stream.on('drain', end).on('close', end);
  });
}

/** Text, piece by piece, without a mark of its byte order at the start. */
export async function* textOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8');
  for await (const chunk of chunks) yield decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}
