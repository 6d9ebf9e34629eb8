/** The different values of a path among the documents of a cursor. */
import { compareValues } from '../bson/compare.js';
import { PathReader, type PathVisitor } from '../bson/path.js';
import { MISSING } from '../bson/types.js';
import { Value } from '../bson/value.js';
import { collatorOf } from '../collation/collator.js';
import { collationKey } from '../collation/key.js';
import type { CollationSpec } from '../collation/collation.js';
import { ElmoError } from '../errors.js';
import type { ElmoCursor } from '../exec/cursor.js';
import { KeyWriter } from '../keys/value-encoding.js';

const BATCH_DOCUMENTS = 1000;
const BATCH_BYTES = 16 << 20;
/** Bytes of a reply. */
const MOST_BYTES = 16 << 20;
const STRING = 0x02;

class DistinctValues implements PathVisitor {
  readonly values: Value[] = [];
  private readonly seen = new Set<string>();
  private readonly writer = new KeyWriter();
  private readonly toKey: ((text: string) => string) | undefined;
  private bytesHeld = 0;

  constructor(collation: CollationSpec | undefined) {
    this.toKey = collation === undefined ? undefined : collationKey(collation);
  }

  visit(bytes: Uint8Array, type: number, at: number): boolean {
    if (type === MISSING) return false;
    const key = this.keyOf(bytes, type, at);
    if (this.seen.has(key)) return false;
    this.seen.add(key);
    const value = new Value(type, bytes, at).keep();
    this.bytesHeld += value.bytes.length + 8;
    if (this.bytesHeld > MOST_BYTES) throw new ElmoError(17217, 'distinct too big, 16mb cap');
    this.values.push(value);
    return false;
  }

  private keyOf(bytes: Uint8Array, type: number, at: number): string {
    if (type === STRING && this.toKey !== undefined) return `s${this.toKey(new Value(type, bytes, at).text)}`;
    const { writer } = this;
    writer.clear();
    writer.append(type, bytes, at);
    return `k${Buffer.from(writer.bytes.buffer, writer.bytes.byteOffset, writer.length).toString('latin1')}`;
  }
}

/** Elements of arrays count by themselves. @returns in the order of values */
export async function collectDistinct(
  cursor: ElmoCursor,
  path: string,
  collation: CollationSpec | undefined,
): Promise<Value[]> {
  const found = new DistinctValues(collation);
  const reader = new PathReader(path, { leafArrays: 'elements' });
  try {
    for (;;) {
      const { documents, isLast } = await cursor.nextBatch(BATCH_DOCUMENTS, BATCH_BYTES);
      for (const document of documents) reader.visit(document, 0, found);
      if (isLast) break;
    }
  } finally {
    cursor.close();
  }
  const compare = collation === undefined ? undefined : collatorOf(collation);
  return found.values.sort((a, b) => compareValues(a.bytes, a.type, a.at, b.bytes, b.type, b.at, compare));
}

/** How many documents a cursor has. */
export async function countCursor(cursor: ElmoCursor): Promise<number> {
  let count = 0;
  try {
    for (;;) {
      const { documents, isLast } = await cursor.nextBatch(BATCH_DOCUMENTS, BATCH_BYTES);
      count += documents.length;
      if (isLast) return count;
    }
  } finally {
    cursor.close();
  }
}
