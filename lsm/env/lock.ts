/**
 * One opener at a time: a lock file `PATH-lock` beside the store, and a list of the locks of this process. Files in
 * memory are known to this process only, so for them the list, one for each file system, is enough.
 *
 * The lock file appears with its content (a hard link to a finished file), and who makes it appear holds the lock. A
 * lock whose holder is dead is taken over, and at most one of many contenders succeeds:
 * - The right to replace the lock with token t belongs to who creates `PATH-lock-over-t`, exclusively. Should that one
 *   die, the right to act in its place belongs to who creates `PATH-lock-over-c`, c being its claim's token; and so on.
 * - With the right in hand one looks again whether the lock is still t; a token never comes back, so from then on
 *   nobody else can change the file, and renaming one's own lock over it is safe. The lock is never absent meanwhile.
 * - Claims are removed by their owner, or by the new holder when t is gone, when they mean nothing any more.
 *
 * A lock of another host (a shared file system) is taken for abandoned when it was not touched for 30 s; its holder
 * touches it every 2 s, and learns so of its loss.
 */
import {
  closeSync,
  linkSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { ioError, LsmError } from '../errors.js';
import type { Clock, Env } from './env.js';
import type { FileSystem } from './file-system.js';
import {
  describeSelf,
  encodeOwner,
  judge,
  readLockFile,
  type LockFile,
  type LockOwner,
} from './lock-owner.js';
import { systemCode } from './system-error.js';

export const HEARTBEAT_MS = 2_000;
/** How long to wait for contenders and half-written files before giving up. */
const PATIENCE_MS = 5_000;
const RETRY_MS = 20;
/** A finished file waiting to be linked is forgotten, not late, when it is this old. */
const FORGOTTEN_MS = 60_000;

/** What a file system without hard links answers. */
const NO_LINKS: readonly string[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV'];

export interface Lock {
  /** False after `release`, or when another host took the lock over because this process had stopped too long. */
  readonly isHeld: boolean;
  /** Safe to call twice. */
  release(): void;
}

/** Real locks of this process, by path of the lock file. */
const heldHere = new Map<string, LockOwner>();
const heldInMemory = new WeakMap<FileSystem, Map<string, LockOwner>>();

/**
 * Takes the lock of the store at `path`, which need not exist.
 * @param onLost  called once if the lock is lost before its release; the store must write no more
 * @throws LsmError Locked naming the holder; NotFound, ReadOnly, Io when no lock file can be made
 */
export async function acquireLock(
  env: Env,
  path: string,
  onLost: (why: LsmError) => void = () => {},
): Promise<Lock> {
  const owner = describeSelf(env);
  if (!env.files.isShared) return lockInMemory(env.files, path, owner);
  const lockPath = `${resolvePath(path)}-lock`;
  const other = heldHere.get(lockPath);
  if (other !== undefined) throw lockedError(path, other);
  heldHere.set(lockPath, owner);
  try {
    await takeFile(env.clock, path, lockPath, owner);
    removeLeftovers(lockPath);
  } catch (error) {
    heldHere.delete(lockPath);
    throw error;
  }
  return new FileLock(env.clock, path, lockPath, owner, onLost);
}

/** For those who only read: refuses if somebody holds the lock. Writes nothing. @throws LsmError Locked */
export function checkUnlocked(env: Env, path: string): void {
  const lockPath = env.files.isShared ? `${resolvePath(path)}-lock` : path;
  const here = env.files.isShared ? heldHere.get(lockPath) : heldInMemory.get(env.files)?.get(path);
  if (here !== undefined) throw lockedError(path, here);
  if (!env.files.isShared) return;
  const found = readLockFile(lockPath);
  if (found !== undefined && judge(found, () => env.clock.wallMs()) === 'held')
    throw lockedError(path, found.owner);
}

/**
 * The path itself, symbolic links followed. The files beside a store belong beside this path: by whichever name a store
 * is opened, they are the same.
 * @throws LsmError NotFound when the directory does not exist
 */
export function resolvePath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw ioError('open', path, error);
  }
  const directory = dirname(path);
  try {
    return join(realpathSync.native(directory), basename(path));
  } catch (error) {
    throw ioError('open', directory, error);
  }
}

function lockInMemory(files: FileSystem, path: string, owner: LockOwner): Lock {
  const held = heldInMemory.get(files) ?? new Map<string, LockOwner>();
  heldInMemory.set(files, held);
  const other = held.get(path);
  if (other !== undefined) throw lockedError(path, other);
  held.set(path, owner);
  return {
    get isHeld() {
      return held.get(path) === owner;
    },
    release() {
      if (held.get(path) === owner) held.delete(path);
    },
  };
}

async function takeFile(clock: Clock, path: string, lockPath: string, owner: LockOwner): Promise<void> {
  const giveUpAtMs = clock.nowMs() + PATIENCE_MS;
  for (;;) {
    const found = readLockFile(lockPath);
    if (found === undefined) {
      if (createWhole(lockPath, lockPath, owner)) return;
      continue;
    }
    const verdict = judge(found, () => fileSystemNowMs(lockPath, owner));
    if (verdict === 'held') throw lockedError(path, found.owner);
    if (verdict === 'stale' && takeOver(lockPath, found, owner)) return;
    if (clock.nowMs() > giveUpAtMs) throw lockedError(path, found.owner);
    await clock.sleep(RETRY_MS);
  }
}

/** @returns false when another contender has the right to it, or had it: look again */
function takeOver(lockPath: string, stale: LockFile, owner: LockOwner): boolean {
  let claim = claimPath(lockPath, stale);
  while (!createWhole(lockPath, claim, owner)) {
    const other = readLockFile(claim);
    if (other === undefined) return false;
    if (judge(other, () => fileSystemNowMs(lockPath, owner)) !== 'stale') return false;
    claim = claimPath(lockPath, other);
  }
  try {
    if (readLockFile(lockPath)?.identity !== stale.identity) return false;
    const fresh = writeFresh(lockPath, owner);
    try {
      renameSync(fresh, lockPath);
    } catch (error) {
      removeIfThere(fresh);
      throw ioError('lock', lockPath, error);
    }
    return true;
  } finally {
    removeIfThere(claim);
  }
}

function claimPath(lockPath: string, over: LockFile): string {
  return `${lockPath}-over-${over.identity}`;
}

/** Makes `path` appear with its content, if there is nothing. @returns whether it did */
function createWhole(lockPath: string, path: string, owner: LockOwner): boolean {
  const fresh = writeFresh(lockPath, owner);
  try {
    linkSync(fresh, path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    if (!NO_LINKS.includes(systemCode(error))) throw ioError('lock', path, error);
  } finally {
    removeIfThere(fresh);
  }
  return createInPlace(path, owner);
}

/** Without hard links: the file is there before its content. Slow writers are found out by reading it again. */
function createInPlace(path: string, owner: LockOwner): boolean {
  try {
    writeNew(path, owner);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
  return readLockFile(path)?.identity === owner.token;
}

/** A file of one's own, ready to be linked or renamed. @returns its path */
function writeFresh(lockPath: string, owner: LockOwner): string {
  const fresh = `${lockPath}-new-${owner.token}`;
  removeIfThere(fresh);
  writeNew(fresh, owner, lockPath);
  return fresh;
}

/** @param shown  what errors call it */
function writeNew(path: string, owner: LockOwner, shown = path): void {
  try {
    const fd = openSync(path, 'wx');
    try {
      writeSync(fd, encodeOwner(owner));
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw ioError('create', shown, error);
  }
}

/** The time by the clock that stamps the files here; on a shared file system it need not be ours. */
function fileSystemNowMs(lockPath: string, owner: LockOwner): number {
  const fresh = writeFresh(lockPath, owner);
  try {
    return statSync(fresh).mtimeMs;
  } finally {
    removeIfThere(fresh);
  }
}

/** By the holder: claims on locks that are gone, and files of contenders that died. What cannot be removed does no harm. */
function removeLeftovers(lockPath: string): void {
  const directory = dirname(lockPath);
  try {
    for (const name of readdirSync(directory)) {
      const other = join(directory, name);
      if (other.startsWith(`${lockPath}-over-`)) removeIfThere(other);
      if (!other.startsWith(`${lockPath}-new-`)) continue;
      const stat = statSync(other, { throwIfNoEntry: false });
      if (stat !== undefined && Date.now() - stat.mtimeMs > FORGOTTEN_MS) removeIfThere(other);
    }
  } catch {
    // the lock is held all the same
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw ioError('remove', path, error);
  }
}

class FileLock implements Lock {
  private held: boolean;
  private cancelBeat: () => void;

  constructor(
    private readonly clock: Clock,
    private readonly path: string,
    private readonly lockPath: string,
    private readonly owner: LockOwner,
    private readonly onLost: (why: LsmError) => void,
  ) {
    this.held = true;
    this.cancelBeat = clock.after(HEARTBEAT_MS, () => this.beat());
  }

  get isHeld(): boolean {
    return this.held;
  }

  release(): void {
    if (!this.held) return;
    this.end();
    if (readLockFile(this.lockPath)?.identity === this.owner.token) removeIfThere(this.lockPath);
  }

  private beat(): void {
    if (!this.held) return;
    try {
      const found = readLockFile(this.lockPath);
      if (found === undefined) createWhole(this.lockPath, this.lockPath, this.owner); // removed by hand: put it back
      const current = found ?? readLockFile(this.lockPath);
      if (current?.identity === this.owner.token) this.touch();
      else if (current !== undefined) this.lose(current.owner);
    } catch {
      // the system is short of something, or the disk in trouble: the next beat tells
    }
    if (this.held) this.cancelBeat = this.clock.after(HEARTBEAT_MS, () => this.beat());
  }

  /** Writes the same content again: the file system stamps it with its own clock. */
  private touch(): void {
    const fd = openSync(this.lockPath, 'r+');
    try {
      writeSync(fd, encodeOwner(this.owner), 0);
    } finally {
      closeSync(fd);
    }
  }

  private lose(to: LockOwner | undefined): void {
    this.end();
    this.onLost(lockedError(this.path, to));
  }

  private end(): void {
    this.held = false;
    this.cancelBeat();
    heldHere.delete(this.lockPath);
  }
}

function lockedError(path: string, owner: LockOwner | undefined): LsmError {
  let who = 'another process';
  if (owner !== undefined) {
    const isSelf = owner.pid === process.pid && owner.host === hostname();
    const holder = isSelf ? `this process (${owner.pid})` : `process ${owner.pid}`;
    who = `${holder} on host ${owner.host}, since ${new Date(owner.startedAtMs).toISOString()}`;
  }
  return new LsmError(`${path} is in use by ${who}`, 'Locked', { file: path });
}
