/**
 * Where the process that holds a file listens for the others on this machine: a socket beside the file, which only the
 * same user may open; on Windows a named pipe.
 */
import { createHash } from 'node:crypto';
import { lstatSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolvePath } from './lock.js';

/** What the shortest of the systems allows for the path of a socket, in bytes. */
const MOST_PATH_BYTES = 100;

/** @param path  of the file, which need not exist yet; its folder has to. @throws LsmError NotFound */
export function localSocketPath(path: string, platform: NodeJS.Platform = process.platform): string {
  const resolved = resolvePath(path);
  const hash = createHash('sha256').update(resolved).digest('hex').slice(0, 32);
  if (platform === 'win32') return `\\\\.\\pipe\\elmo-${hash}`;
  const beside = `${resolved}-socket`;
  return Buffer.byteLength(beside) <= MOST_PATH_BYTES ? beside : join(tmpdir(), `elmo-${hash}`);
}

/** Whether what lies there, if anything, was made by this user: nobody else is to be trusted with the data. */
export function isOwnSocket(socketPath: string): boolean {
  if (process.getuid === undefined) return true;
  const stat = lstatSync(socketPath, { throwIfNoEntry: false });
  return stat === undefined || (stat.isSocket() && stat.uid === process.getuid());
}

/** Removes what a process that was killed left there. */
export function removeSocket(socketPath: string): void {
  unlinkSync(socketPath);
}
