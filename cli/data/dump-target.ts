/** Where a dump goes: a folder, or one archive. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  encodeBlockStart,
  encodeCollectionEnd,
  encodePrelude,
  ARCHIVE_TERMINATOR,
} from './archive-format.js';
import { makeFolder, writing } from '../output-path.js';
import { Crc64 } from './crc64.js';
import { BUCKETS_PREFIX, fileNameOf } from './dump-files.js';
import { openOutput, type Output } from './output.js';

/** A collection to be dumped. */
export interface DumpedCollection {
  readonly db: string;
  readonly collection: string;
  /** 'collection', 'view', 'timeseries'. */
  readonly type: string;
  /** Extended JSON: options, indexes, type. */
  readonly metadata: string;
}

export interface DumpTarget {
  /** Told first what there is. */
  begin(collections: readonly DumpedCollection[]): Promise<void>;
  /** Takes the documents of one collection, whole documents in pieces. */
  write(collection: DumpedCollection, pieces: AsyncIterable<Uint8Array>): Promise<void>;
  end(): Promise<void>;
  /** Gives up. */
  abort(): void;
}

const dataName = ({ collection, type }: DumpedCollection): string =>
  type === 'timeseries' ? BUCKETS_PREFIX + collection : collection;

export class FolderTarget implements DumpTarget {
  private readonly ending: string;
  private open: Output | undefined;

  constructor(
    private readonly folder: string,
    private readonly isPacked: boolean,
  ) {
    this.ending = isPacked ? '.gz' : '';
  }

  begin(): Promise<void> {
    makeFolder(this.folder);
    return Promise.resolve();
  }

  async write(from: DumpedCollection, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const folder = join(this.folder, from.db);
    makeFolder(folder);
    const metadata = join(folder, `${fileNameOf(from.collection)}.metadata.json${this.ending}`);
    writing(metadata, () => writeFileSync(metadata, this.isPacked ? gzipSync(from.metadata) : from.metadata));
    if (from.type === 'view') return;
    const output = openOutput(
      join(folder, `${fileNameOf(dataName(from))}.bson${this.ending}`),
      this.isPacked,
    );
    this.open = output;
    for await (const piece of pieces) await output.write(piece);
    await output.end();
    this.open = undefined;
  }

  end(): Promise<void> {
    return Promise.resolve();
  }

  abort(): void {
    this.open?.abort();
  }
}

export class ArchiveTarget implements DumpTarget {
  /** @param versions  of the server it is as if from, and of this tool */
  constructor(
    private readonly output: Output,
    private readonly versions: { readonly server: string; readonly tool: string },
  ) {}

  begin(collections: readonly DumpedCollection[]): Promise<void> {
    return this.output.write(encodePrelude(collections, this.versions.server, this.versions.tool));
  }

  async write(from: DumpedCollection, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    if (from.type === 'view') return;
    const name = dataName(from);
    const checksum = new Crc64();
    await this.output.write(encodeBlockStart(from.db, name));
    for await (const piece of pieces) {
      checksum.update(piece);
      await this.output.write(piece);
    }
    await this.output.write(ARCHIVE_TERMINATOR);
    await this.output.write(encodeCollectionEnd(from.db, name, checksum.value));
  }

  end(): Promise<void> {
    return this.output.end();
  }

  abort(): void {
    this.output.abort();
  }
}
