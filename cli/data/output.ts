/**
 * What is written: a file or standard output, packed with gzip if so wished. A file comes into being under its name when
 * it is whole; what was there before stays until then.
 */
import { createWriteStream, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { UsageError } from '../errors.js';
import { OutputError, writing } from '../output-path.js';

export interface Output {
  /** Resolves when all pieces before this one are written. The bytes must stay as they are until then, and while this one is. */
  write(piece: string | Uint8Array): Promise<void>;
  /** Resolves when everything is where it should be. */
  end(): Promise<void>;
  /** Gives up: nothing is left of it. */
  abort(): void;
}

/** What cannot be removed has not been made either, or is told by the error that led here. */
function removeIfThere(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // see above
  }
}

/** @param path  undefined or '-': standard output @throws UsageError, OutputError */
export function openOutput(path: string | undefined, isPacked: boolean): Output {
  const isStandard = path === undefined || path === '-';
  // what is no file, a pipe or a device, can only be written to as it is
  const isReplaced = !isStandard && writing(path, () => !existsSync(path) || statSync(path).isFile());
  if (path === '') throw new UsageError('the name of the file to write is empty');
  const written = isReplaced ? `${path}.part` : path;
  const sink: NodeJS.WritableStream = isStandard ? process.stdout : createWriteStream(written!);
  const failed = new Promise<never>((_resolve, reject) =>
    sink.once('error', (error) => reject(isStandard ? error : new OutputError(path, error))),
  );
  failed.catch(() => undefined); // told by whichever of write and end waits for it
  const packing = isPacked ? createGzip() : undefined;
  packing?.pipe(sink);
  const stream = packing ?? sink;
  let before: Promise<void> = Promise.resolve();
  return {
    write: async (piece) => {
      const written = new Promise<void>((resolve) => stream.write(piece, () => resolve()));
      await Promise.race([before, failed]);
      before = written;
    },
    end: async () => {
      if (!isStandard || packing !== undefined) {
        stream.end();
        await Promise.race([failed, finished(isStandard ? stream : sink)]);
      }
      if (isReplaced) writing(path, () => renameSync(written!, path));
    },
    abort: () => {
      if (isStandard) return;
      packing?.destroy();
      (sink as ReturnType<typeof createWriteStream>).destroy();
      if (isReplaced) removeIfThere(written!);
    },
  };
}
