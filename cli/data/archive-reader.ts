/** Reads archives; archive-format.ts says how they look. */
import { decodeDocument, Long, validateDocument, type Document } from '../../elmo/index.js';
import { ARCHIVE_MAGIC, type ArchivedCollection } from './archive-format.js';
import { bsonRecords, END_OF_LIST } from './bson-records.js';
import { Crc64 } from './crc64.js';

export type ArchiveStep =
  | { readonly kind: 'prelude'; readonly collections: readonly ArchivedCollection[] }
  | {
      readonly kind: 'documents';
      readonly db: string;
      readonly collection: string;
      readonly documents: readonly Uint8Array[];
    }
  | {
      readonly kind: 'end';
      readonly db: string;
      readonly collection: string;
      /** Whether the documents are those that were written. */
      readonly isWhole: boolean;
    };

/** What comes next. */
type Expects = 'header' | 'collection' | 'block' | 'documents' | 'end of block';

class ArchiveReader {
  private expects: Expects = 'header';
  private readonly collections: ArchivedCollection[] = [];
  private readonly checksums = new Map<string, Crc64>();
  private db = '';
  private collection = '';
  private waiting: Uint8Array[] = [];

  /** @throws Error when the order of things is not that of an archive */
  *push(records: readonly Uint8Array[]): Generator<ArchiveStep> {
    for (const record of records) {
      if (record === END_OF_LIST) yield* this.endOfList();
      else if (this.expects === 'documents') {
        this.checksum().update(record);
        this.waiting.push(record);
      } else yield* this.document(record);
    }
    yield* this.documents();
  }

  /** @throws Error when something is missing */
  end(): void {
    const [open] = this.checksums.keys();
    if (this.expects !== 'block' || open !== undefined)
      throw new Error(`the archive ends in the middle${open === undefined ? '' : ` of ${open}`}`);
  }

  private checksum(): Crc64 {
    const name = `${this.db}.${this.collection}`;
    const known = this.checksums.get(name);
    if (known !== undefined) return known;
    const checksum = new Crc64();
    this.checksums.set(name, checksum);
    return checksum;
  }

  private *endOfList(): Generator<ArchiveStep> {
    if (this.expects === 'collection') yield { kind: 'prelude', collections: this.collections };
    else if (this.expects === 'documents') yield* this.documents();
    else if (this.expects !== 'end of block')
      throw new Error(`the archive has a terminator where a ${this.expects} was expected`);
    this.expects = 'block';
  }

  private *document(record: Uint8Array): Generator<ArchiveStep> {
    const fields = decodeFields(record);
    if (this.expects === 'header') {
      this.expects = 'collection';
      return;
    }
    const { db, collection } = fields;
    if (typeof db !== 'string' || typeof collection !== 'string')
      throw new Error('the archive is damaged: a header names no collection');
    if (this.expects === 'collection') {
      const { metadata, type } = fields;
      this.collections.push({
        db,
        collection,
        metadata: typeof metadata === 'string' ? metadata : '',
        type: typeof type === 'string' && type !== '' ? type : 'collection',
      });
      return;
    }
    if (this.expects !== 'block')
      throw new Error('the archive is damaged: a document where a block should have ended');
    [this.db, this.collection] = [db, collection];
    const checksum = this.checksum();
    this.expects = 'documents';
    if (fields['EOF'] !== true) return;
    this.expects = 'end of block';
    const { CRC } = fields as { CRC?: unknown };
    const told = CRC instanceof Long ? BigInt.asUintN(64, CRC.toBigInt()) : BigInt(Number(CRC));
    this.checksums.delete(`${db}.${collection}`);
    yield { kind: 'end', db, collection, isWhole: told === checksum.value };
  }

  private *documents(): Generator<ArchiveStep> {
    const documents = this.waiting;
    if (documents.length === 0) return;
    this.waiting = [];
    yield { kind: 'documents', db: this.db, collection: this.collection, documents };
  }
}

function decodeFields(record: Uint8Array): Document {
  try {
    validateDocument(record);
    return decodeDocument(record);
  } catch (error) {
    throw new Error(`the archive is damaged: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * @yields the prelude, then documents and ends of collections as they come
 * @throws Error when it is no archive, is damaged, or breaks off
 */
export async function* archiveSteps(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ArchiveStep> {
  const reader = new ArchiveReader();
  const records = bsonRecords(behindMagic(chunks), { hasTerminators: true, offset: ARCHIVE_MAGIC.length });
  for await (const piece of records) yield* reader.push(piece);
  reader.end();
}

async function* behindMagic(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let head: Uint8Array = new Uint8Array(0);
  let isKnown = false;
  for await (const chunk of chunks) {
    if (isKnown) {
      yield chunk;
      continue;
    }
    head = Buffer.concat([head, chunk]);
    if (head.length < ARCHIVE_MAGIC.length) continue;
    if (!ARCHIVE_MAGIC.every((byte, i) => head[i] === byte)) break;
    isKnown = true;
    yield head.subarray(ARCHIVE_MAGIC.length);
  }
  if (!isKnown) throw new Error('this is no archive: it does not begin with 6d e2 99 81');
}
