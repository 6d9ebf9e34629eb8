/**
 * What is written: a file or standard output, packed with gzip if so wished. A file comes into being under its name when
 * it is whole; what was there before stays until then.
 */
import { createWriteStream, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

export interface Output {
  /** Resolves when there is room for more. The bytes must stay as they are. */
  write(piece: string | Uint8Array): Promise<void>;
  /** Resolves when everything is where it should be. */
  end(): Promise<void>;
  /** Gives up: nothing is left of it. */
  abort(): void;
}

/** @param path  undefined or '-': standard output */
export function openOutput(path: string | undefined, isPacked: boolean): Output {
  const isStandard = path === undefined || path === '-';
  // what is no file, a pipe or a device, can only be written to as it is
  const isReplaced = !isStandard && (!existsSync(path) || statSync(path).isFile());
  const written = isReplaced ? `${path}.part` : path;
  const sink: NodeJS.WritableStream = isStandard ? process.stdout : createWriteStream(written!);
  const failed = new Promise<never>((_resolve, reject) => sink.once('error', reject));
  failed.catch(() => undefined); // told by whichever of write and end waits for it
  const packing = isPacked ? createGzip() : undefined;
  packing?.pipe(sink);
  const stream = packing ?? sink;
  return {
    write: async (piece) => {
      if (!stream.write(piece))
        await Promise.race([new Promise((resolve) => stream.once('drain', resolve)), failed]);
    },
    end: async () => {
      if (!isStandard || packing !== undefined) {
        stream.end();
        await Promise.race([finished(isStandard ? stream : sink), failed]);
      }
      if (isReplaced) renameSync(written!, path);
    },
    abort: () => {
      if (isStandard) return;
      packing?.destroy();
      (sink as ReturnType<typeof createWriteStream>).destroy();
      if (isReplaced) rmSync(written!, { force: true });
    },
  };
}
