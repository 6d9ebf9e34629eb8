/** Whether the indexes of a collection agree with its documents, both ways; whether its counts are right. */
import type { OrderedKv } from '../../lsm/index.js';
import { documentText } from '../bson/text.js';
import { fieldOf } from '../catalog/raw-document.js';
import { afterKeyspace, keyspaceBounds, RecordIdReader } from '../keys/key-layout.js';
import type { OpenCollection } from './open-collection.js';

export interface VerifyResult {
  readonly documents: number;
  readonly entries: number;
  /** One sentence each; at most `MOST_PROBLEMS`. */
  readonly problems: readonly string[];
}

const MOST_PROBLEMS = 100;

/** Reads all of the collection in one stretch. */
export function verifyCollection(kv: OrderedKv, collection: OpenCollection): VerifyResult {
  const problems: string[] = [];
  const complain = (problem: string): void => {
    if (problems.length < MOST_PROBLEMS) problems.push(problem);
  };
  const expected = collection.indexes.map(() => 0);
  let documents = 0;
  let bytes = 0;
  const ids = new RecordIdReader();
  const view = kv.snapshot();
  try {
    const cursor = view.scan(collection.state.bounds);
    while (cursor.next()) {
      const recordId = ids.readAt(cursor.keyBytes, afterKeyspace(cursor.keyBytes), cursor.keyLength);
      const document = cursor.value();
      documents++;
      bytes += document.length;
      collection.indexes.forEach((index, i) => {
        const set = index.after;
        index.collect(document, 0, recordId, set);
        expected[i]! += set.keys.length;
        set.keys.forEach((key, k) => {
          const found = view.get(key);
          if (found !== undefined && Buffer.compare(found, set.values[k]!) === 0) return;
          const id = fieldOf(document, '_id');
          const text = id === undefined ? '' : ` (_id in ${documentText(document)})`;
          complain(
            `index ${index.spec.name} ${found === undefined ? 'lacks an entry' : 'has a wrong entry'} of record ${recordId}${text}`,
          );
        });
      });
    }
    cursor.close();
    let entries = 0;
    collection.indexes.forEach(({ spec }, i) => {
      let count = 0;
      const scan = view.scan(keyspaceBounds(spec.keyspace));
      while (scan.next()) count++;
      scan.close();
      entries += count;
      if (spec.isReady && count !== expected[i])
        complain(`index ${spec.name} has ${count} entries, the documents ${expected[i]}`);
    });
    const { documentCount, byteCount } = collection.state;
    if (documentCount !== documents || byteCount !== bytes)
      complain(
        `${documentCount} documents of ${byteCount} bytes are counted, ${documents} of ${bytes} are there`,
      );
    return { documents, entries, problems };
  } finally {
    view.release();
  }
}
