/**
 * Files that live in memory only: for stores that need not outlast the process, and under the tests.
 *
 * A file is a list of chunks of 256 KiB (a small file: one chunk that doubles up to there), so that growing copies
 * nothing and truncating gives memory back. A chunk never written is absent and reads as zeros; bytes of a chunk past
 * the file's length are always zero.
 */
import { dirname, basename } from 'node:path';
import type { Bytes } from '../base/bytes.js';
import { ioError, LsmError } from '../errors.js';
import type { File, FileSystem, OpenMode } from './file-system.js';
import { SystemError } from './system-error.js';

const CHUNK_BYTES = 256 * 1024;
const FIRST_CHUNK_BYTES = 4096;

/** A growing byte array: what a name in a `MemoryFileSystem` stands for. */
export class MemoryBytes {
  length: number;
  private readonly chunks: (Uint8Array | undefined)[];

  constructor() {
    this.length = 0;
    this.chunks = [];
  }

  read(into: Bytes, offset: number, length: number, position: number): number {
    const count = Math.max(0, Math.min(length, this.length - position));
    let done = 0;
    while (done < count) {
      const at = position + done;
      const start = at % CHUNK_BYTES;
      const n = Math.min(count - done, CHUNK_BYTES - start);
      this.readChunk(this.chunks[Math.floor(at / CHUNK_BYTES)], start, n, into, offset + done);
      done += n;
    }
    return count;
  }

  write(from: Bytes, offset: number, length: number, position: number): void {
    let done = 0;
    while (done < length) {
      const at = position + done;
      const start = at % CHUNK_BYTES;
      const n = Math.min(length - done, CHUNK_BYTES - start);
      const chunk = this.chunkFor(Math.floor(at / CHUNK_BYTES), start + n);
      const whole = done === 0 && offset === 0 && n === from.length;
      chunk.set(whole ? from : from.subarray(offset + done, offset + done + n), start);
      done += n;
    }
    if (length > 0 && position + length > this.length) this.length = position + length;
  }

  truncate(length: number): void {
    if (length < this.length) {
      const kept = Math.ceil(length / CHUNK_BYTES);
      if (kept < this.chunks.length) this.chunks.length = kept;
      this.chunks[Math.floor(length / CHUNK_BYTES)]?.fill(0, length % CHUNK_BYTES);
    }
    this.length = length;
  }

  /** Bytes of memory held. */
  get heldBytes(): number {
    let sum = 0;
    for (const chunk of this.chunks) sum += chunk === undefined ? 0 : chunk.length;
    return sum;
  }

  private readChunk(
    chunk: Uint8Array | undefined,
    start: number,
    length: number,
    into: Bytes,
    offset: number,
  ): void {
    const held = chunk === undefined ? 0 : Math.max(0, Math.min(length, chunk.length - start));
    if (held > 0) into.set(chunk!.subarray(start, start + held), offset);
    if (held < length) into.fill(0, offset + held, offset + length);
  }

  /** The chunk, holding at least `bytes` bytes. */
  private chunkFor(index: number, bytes: number): Uint8Array {
    const chunk = this.chunks[index];
    if (chunk !== undefined && chunk.length >= bytes) return chunk;
    let size = index === 0 ? FIRST_CHUNK_BYTES : CHUNK_BYTES;
    while (size < bytes) size *= 2;
    const grown = new Uint8Array(size);
    if (chunk !== undefined) grown.set(chunk);
    while (this.chunks.length < index) this.chunks.push(undefined);
    this.chunks[index] = grown;
    return grown;
  }
}

class MemoryFile implements File {
  readonly path: string;
  private readonly bytes: MemoryBytes;
  private readonly isWritable: boolean;
  private isOpen: boolean;

  constructor(path: string, bytes: MemoryBytes, isWritable: boolean) {
    this.path = path;
    this.bytes = bytes;
    this.isWritable = isWritable;
    this.isOpen = true;
  }

  read(into: Bytes, offset: number, length: number, position: number): number {
    this.checkOpen();
    return this.bytes.read(into, offset, length, position);
  }

  write(from: Bytes, offset: number, length: number, position: number): void {
    this.checkWritable('write', position);
    this.bytes.write(from, offset, length, position);
  }

  async sync(): Promise<void> {
    this.checkOpen();
  }

  syncNow(): void {
    this.checkOpen();
  }

  size(): number {
    this.checkOpen();
    return this.bytes.length;
  }

  truncate(length: number): void {
    this.checkWritable('truncate', length);
    this.bytes.truncate(length);
  }

  close(): void {
    this.isOpen = false;
  }

  private checkOpen(): void {
    if (!this.isOpen) throw new LsmError(`${this.path} is closed`, 'Closed', { file: this.path });
  }

  private checkWritable(operation: string, position: number): void {
    this.checkOpen();
    if (!this.isWritable) throw ioError(operation, this.path, new SystemError('EROFS'), position);
  }
}

export class MemoryFileSystem implements FileSystem {
  readonly isShared = false;
  readonly isVolatile = true;
  private readonly entries: Map<string, MemoryBytes>;

  constructor() {
    this.entries = new Map();
  }

  open(path: string, mode: OpenMode): File {
    let bytes = this.entries.get(path);
    if (mode === 'create') {
      if (bytes !== undefined) throw ioError('create', path, new SystemError('EEXIST'));
      bytes = new MemoryBytes();
      this.entries.set(path, bytes);
    }
    if (bytes === undefined) throw ioError('open', path, new SystemError('ENOENT'));
    return new MemoryFile(path, bytes, mode !== 'read');
  }

  exists(path: string): boolean {
    return this.entries.has(path);
  }

  remove(path: string): void {
    this.entries.delete(path);
  }

  removeLater(path: string): Promise<void> {
    this.remove(path);
    return Promise.resolve();
  }

  rename(from: string, to: string): void {
    const bytes = this.entries.get(from);
    if (bytes === undefined) throw ioError('rename', from, new SystemError('ENOENT'));
    this.entries.delete(from);
    this.entries.set(to, bytes);
  }

  siblings(path: string): string[] {
    return namesBeside(this.entries.keys(), path);
  }

  syncDirectory(): void {}

  syncDirectoryLater(): Promise<void> {
    return Promise.resolve();
  }

  /** Bytes of memory held by all files. */
  get heldBytes(): number {
    let sum = 0;
    for (const bytes of this.entries.values()) sum += bytes.heldBytes;
    return sum;
  }
}

/** Of `paths`: the names in the directory of `path` that start with its last part, ascending. */
export function namesBeside(paths: Iterable<string>, path: string): string[] {
  const directory = dirname(path);
  const start = basename(path);
  const names: string[] = [];
  for (const other of paths) {
    const name = basename(other);
    if (name.startsWith(start) && dirname(other) === directory) names.push(name);
  }
  return names.sort();
}
