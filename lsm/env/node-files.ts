/**
 * Files of the operating system.
 *
 * A file whose `close` comes while a `sync` is under way keeps its descriptor until the sync has ended: a descriptor
 * given back early could be another file's by the time the sync reaches it.
 */
import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { open, unlink } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Bytes } from '../base/bytes.js';
import { ioError, LsmError } from '../errors.js';
import type { File, FileSystem, OpenMode } from './file-system.js';
import { systemCode, SystemError } from './system-error.js';

/** The system moves at most 2^31 - 4096 bytes a call. */
const MAX_TRANSFER_BYTES = 2 ** 30;

const FLAGS = { create: 'wx+', write: 'r+', read: 'r' } as const;

/** What systems without syncable directories (Windows) answer; their renames are durable by themselves. */
const UNSYNCABLE: readonly string[] = ['EISDIR', 'EPERM', 'EINVAL', 'EACCES', 'ENOTSUP'];

class NodeFile implements File {
  readonly path: string;
  private fd: number;
  private syncsUnderWay: number;
  private closeWanted: boolean;

  constructor(path: string, fd: number) {
    this.path = path;
    this.fd = fd;
    this.syncsUnderWay = 0;
    this.closeWanted = false;
  }

  read(into: Bytes, offset: number, length: number, position: number): number {
    let done = 0;
    try {
      while (done < length) {
        const wanted = Math.min(length - done, MAX_TRANSFER_BYTES);
        const count = readSync(this.openFd(), into, offset + done, wanted, position + done);
        if (count === 0) break;
        done += count;
      }
    } catch (error) {
      throw ioError('read', this.path, error, position + done);
    }
    return done;
  }

  write(from: Bytes, offset: number, length: number, position: number): void {
    let done = 0;
    try {
      while (done < length) {
        const wanted = Math.min(length - done, MAX_TRANSFER_BYTES);
        const count = writeSync(this.openFd(), from, offset + done, wanted, position + done);
        if (count === 0) throw new SystemError('EIO');
        done += count;
      }
    } catch (error) {
      throw ioError('write', this.path, error, position + done);
    }
  }

  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      const fd = this.openFd();
      this.syncsUnderWay++;
      fdatasync(fd, (error) => {
        this.syncsUnderWay--;
        if (this.closeWanted && this.syncsUnderWay === 0) this.closeNow(fd);
        if (error) reject(ioError('sync', this.path, error));
        else resolve();
      });
    });
  }

  syncNow(): void {
    try {
      fdatasyncSync(this.openFd());
    } catch (error) {
      throw ioError('sync', this.path, error);
    }
  }

  size(): number {
    try {
      return fstatSync(this.openFd()).size;
    } catch (error) {
      throw ioError('stat', this.path, error);
    }
  }

  truncate(length: number): void {
    try {
      ftruncateSync(this.openFd(), length);
    } catch (error) {
      throw ioError('truncate', this.path, error, length);
    }
  }

  close(): void {
    if (this.closeWanted) return;
    this.closeWanted = true;
    if (this.syncsUnderWay === 0) this.closeNow(this.fd);
    this.fd = -1;
  }

  private openFd(): number {
    if (this.fd < 0) throw new LsmError(`${this.path} is closed`, 'Closed', { file: this.path });
    return this.fd;
  }

  /** What the system says at close concerns no byte that was promised: those were synced. */
  private closeNow(fd: number): void {
    try {
      closeSync(fd);
    } catch {
      // nothing to be done, and nothing lost
    }
  }
}

export class NodeFileSystem implements FileSystem {
  readonly isShared = true;
  readonly isVolatile = false;

  open(path: string, mode: OpenMode): File {
    const operation = mode === 'create' ? 'create' : 'open';
    let fd: number;
    try {
      fd = openSync(path, FLAGS[mode]);
    } catch (error) {
      throw systemCode(error) === 'EISDIR' ? directoryGiven(path, error) : ioError(operation, path, error);
    }
    try {
      if (!fstatSync(fd).isDirectory()) return new NodeFile(path, fd);
    } catch (error) {
      closeSync(fd);
      throw ioError(operation, path, error);
    }
    closeSync(fd);
    throw directoryGiven(path, new SystemError('EISDIR'));
  }

  exists(path: string): boolean {
    try {
      return statSync(path, { throwIfNoEntry: false }) !== undefined;
    } catch (error) {
      throw ioError('stat', path, error);
    }
  }

  remove(path: string): void {
    try {
      unlinkSync(path);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw ioError('remove', path, error);
    }
  }

  async removeLater(path: string): Promise<void> {
    try {
      await unlink(path);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw ioError('remove', path, error);
    }
  }

  rename(from: string, to: string): void {
    try {
      renameSync(from, to);
    } catch (error) {
      throw ioError('rename', from, error);
    }
  }

  siblings(path: string): string[] {
    const start = basename(path);
    try {
      return readdirSync(dirname(path))
        .filter((name) => name.startsWith(start))
        .sort();
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return [];
      throw ioError('list', dirname(path), error);
    }
  }

  syncDirectory(path: string): void {
    const directory = dirname(path);
    try {
      const fd = openSync(directory, 'r');
      try {
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      refuseUnsynced(directory, error);
    }
  }

  async syncDirectoryLater(path: string): Promise<void> {
    const directory = dirname(path);
    try {
      const handle = await open(directory, 'r');
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    } catch (error) {
      refuseUnsynced(directory, error);
    }
  }
}

/** @throws LsmError Io, unless the system has no syncs of directories */
function refuseUnsynced(directory: string, cause: unknown): void {
  if (process.platform !== 'win32' || !UNSYNCABLE.includes(systemCode(cause)))
    throw ioError('sync', directory, cause);
}

function directoryGiven(path: string, cause: unknown): LsmError {
  return new LsmError(`${path} is a directory, expected a file`, 'Io', { file: path }, cause);
}
