/**
 * Who holds a lock: what a lock file says, and whether its writer still lives.
 *
 * A lock file is JSON, written whole or not at all where the file system has hard links:
 *   {"pid":4711,"host":"box","pidSpace":"pid:[4026531836]","startedAtMs":1704067200000,
 *    "processStart":"123456@5f3c…","token":"00112233445566778899aabbccddeeff"}
 */
import { closeSync, fstatSync, openSync, readlinkSync, readSync } from 'node:fs';
import { hostname, uptime } from 'node:os';
import { ioError } from '../errors.js';
import type { Env } from './env.js';
import { systemCode } from './system-error.js';

/** A lock of another host is stale when its holder has not touched it for so long. */
export const HEARTBEAT_LIMIT_MS = 30_000;
/** A lock file that says nothing is stale when it is older than this: its writer would have ended the writing. */
const GARBLED_LIMIT_MS = 2_000;
/** How far the clock may be off when a time of locking is held against the time of the last boot. */
const BOOT_TOLERANCE_MS = 60_000;
const MAX_FILE_BYTES = 4096;

export interface LockOwner {
  readonly pid: number;
  readonly host: string;
  /** The space `pid` counts in (containers have their own), or null where there is but one. */
  readonly pidSpace: string | null;
  /** Milliseconds since 1970 at which the lock was taken. */
  readonly startedAtMs: number;
  /** When the process started (clock ticks since boot, at, the boot's id), or null where the system does not tell. */
  readonly processStart: string | null;
  /** 32 hexadecimal digits, of this lock alone. */
  readonly token: string;
}

/** A lock file as found. */
export interface LockFile {
  /** Undefined: it is garbled. */
  readonly owner: LockOwner | undefined;
  /** Tells it from every other file that ever had its name: the token, or what else there is. Fit for a file's name. */
  readonly identity: string;
  /** When it was last written, by the clock of its file system. */
  readonly writtenAtMs: number;
}

/** `young`: garbled, and perhaps being written just now. */
export type Verdict = 'held' | 'stale' | 'young';

/** This process, as the owner of a new lock. */
export function describeSelf(env: Env): LockOwner {
  const token = new Uint8Array(16);
  env.random.fill(token);
  return {
    pid: process.pid,
    host: hostName(),
    pidSpace: ownPidSpace(),
    startedAtMs: env.clock.wallMs(),
    processStart: processState(process.pid)?.start ?? null,
    token: Array.from(token, (byte) => byte.toString(16).padStart(2, '0')).join(''),
  };
}

export function encodeOwner(owner: LockOwner): string {
  return JSON.stringify(owner) + '\n';
}

/** @returns undefined when the text is not an owner */
export function decodeOwner(text: string): LockOwner | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof json !== 'object' || json === null) return undefined;
  const { pid, host, pidSpace, startedAtMs, processStart, token } = json as Record<string, unknown>;
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid < 1 || pid > 2 ** 31) return undefined;
  if (typeof host !== 'string' || !isTextOrNull(pidSpace) || !isTextOrNull(processStart)) return undefined;
  if (typeof startedAtMs !== 'number' || !(Math.abs(startedAtMs) <= 8.64e15)) return undefined;
  if (typeof token !== 'string' || !/^[0-9a-f]{32}$/.test(token)) return undefined;
  return { pid, host, pidSpace, startedAtMs, processStart, token };
}

/**
 * Reads a lock file; undefined: there is none. It is opened before its time is taken: network file systems show a file's
 * true time only to those who open it.
 */
export function readLockFile(path: string): LockFile | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw ioError('read', path, error);
  }
  try {
    const bytes = new Uint8Array(MAX_FILE_BYTES);
    const count = readSync(fd, bytes, 0, bytes.length, 0);
    const { ino, mtimeMs } = fstatSync(fd);
    const owner = decodeOwner(new TextDecoder().decode(bytes.subarray(0, count)));
    const identity = owner?.token ?? `garbled-${ino}-${Math.round(mtimeMs * 1000)}`;
    return { owner, identity, writtenAtMs: mtimeMs };
  } catch (error) {
    throw ioError('read', path, error);
  } finally {
    closeSync(fd);
  }
}

/** @param nowMs  the time by the clock of the lock's file system */
export function judge(file: LockFile, nowMs: () => number): Verdict {
  const { owner, writtenAtMs } = file;
  if (owner === undefined) return nowMs() - writtenAtMs > GARBLED_LIMIT_MS ? 'stale' : 'young';
  if (owner.host === hostName() && owner.pidSpace === ownPidSpace()) return isAlive(owner) ? 'held' : 'stale';
  return nowMs() - writtenAtMs > HEARTBEAT_LIMIT_MS ? 'stale' : 'held';
}

/**
 * Whether the process that took the lock lives: not dead, not dead and unburied, and not another one that was given
 * its number. A process of this host that lives but does not touch its lock (stopped, or computing) still holds it.
 */
function isAlive(owner: LockOwner): boolean {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if (systemCode(error) === 'ESRCH') return false;
  }
  const state = processState(owner.pid);
  if (state !== undefined && owner.processStart !== null)
    return !state.isDead && state.start === owner.processStart;
  const bootedAtMs = Date.now() - uptime() * 1000;
  if (owner.startedAtMs < bootedAtMs - BOOT_TOLERANCE_MS) return false;
  return owner.pid !== process.pid || owner.startedAtMs >= Date.now() - process.uptime() * 1000 - 1000;
}

interface ProcessState {
  readonly start: string;
  readonly isDead: boolean;
}

/** From /proc: undefined where there is none, or nothing is told of this process. */
function processState(pid: number): ProcessState | undefined {
  try {
    const stat = readShort(`/proc/${pid}/stat`);
    // field 2, the name, is in parentheses and may hold anything; field 3 is the state, field 22 the start
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, ticks] = [fields[0], fields[19]];
    if (state === undefined || ticks === undefined) return undefined;
    const bootId = readShort('/proc/sys/kernel/random/boot_id').trim();
    return { start: `${ticks}@${bootId}`, isDead: state === 'Z' || state === 'X' };
  } catch {
    return undefined;
  }
}

/** As `hostname` of node:os tells it, which takes a process that has just started half a millisecond to load. */
function hostName(): string {
  try {
    return readShort('/proc/sys/kernel/hostname').trim();
  } catch {
    return hostname();
  }
}

/** What a file of a few hundred bytes says: without what `readFileSync` does for files of any kind. */
function readShort(path: string): string {
  const fd = openSync(path, 'r');
  try {
    const bytes = Buffer.allocUnsafe(MAX_FILE_BYTES);
    return bytes.toString('latin1', 0, readSync(fd, bytes, 0, bytes.length, null));
  } finally {
    closeSync(fd);
  }
}

function ownPidSpace(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return null;
  }
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}
