/** What the reference and we say of hashes of whole documents. */
import { hashOfValue } from '../../elmo/bson/hash.js';
import { readInt64 } from '../../elmo/bson/read.js';
import { ARRAY, INT64, OBJECT } from '../../elmo/bson/types.js';
import { Value } from '../../elmo/bson/value.js';
import { ElementWalker } from '../../elmo/bson/walk.js';
import { showRow, type Answer } from './sides.js';

/** An answer without what hashes of documents say. */
export function withoutHashes(answer: Answer): Answer {
  const isHash = /"\$numberLong":"-?\d{15,}"/g;
  return {
    ...answer,
    rows: answer.rows.map((row) => (row.startsWith('{') ? row : showRow(row)).replace(isHash, '"hash"')),
  };
}

/** Whether there are hashes beside documents, `{hashed, hash}`, and each is the hash of its document. */
export function hashesHold({ rows }: Answer): boolean {
  const each = rows.flatMap((row) => [...hashesOf(Buffer.from(row, 'hex'), 0)]);
  return each.length > 0 && each.every((holds) => holds);
}

function* hashesOf(bytes: Uint8Array, at: number): Generator<boolean> {
  const walker = new ElementWalker();
  walker.open(bytes, at);
  let hashed: Value | undefined;
  while (walker.next()) {
    const { type, valueStart } = walker;
    const name = Buffer.from(bytes.subarray(walker.nameStart, walker.nameEnd)).toString();
    if (name === 'hashed' && type === OBJECT) hashed = new Value(type, bytes, valueStart);
    else if (name === 'hash' && type === INT64 && hashed !== undefined) {
      const { bytes: own, at: start } = hashOfValue(hashed);
      yield readInt64(own, start) === readInt64(bytes, valueStart);
    } else if (type === OBJECT || type === ARRAY) yield* hashesOf(bytes, valueStart);
  }
}
