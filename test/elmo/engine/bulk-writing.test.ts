import { expect } from 'chai';
import { plainJs } from '../../../elmo/bson/value.js';
import type { BulkOperation } from '../../../elmo/operation/requests.js';
import { NAMESPACE } from '../../support/documents.js';
import { EngineWriter, raw, removalOf, statementOf, type PlainUpdate } from './engine-writer.js';

const OTHER = { db: 'shop', collection: 'others' };
const insert = (document: object, namespace = NAMESPACE): BulkOperation => ({
  kind: 'insert',
  namespace,
  document: raw(document),
});
const update = (statement: PlainUpdate): BulkOperation => ({
  kind: 'update',
  namespace: NAMESPACE,
  statement: statementOf(statement),
});
const remove = (q: object): BulkOperation => ({
  kind: 'delete',
  namespace: NAMESPACE,
  statement: removalOf(q),
});

/** [index, code of the error or 0, count, modified, upserted _id] of each operation. */
async function outcomes(
  operations: readonly BulkOperation[],
  isOrdered = true,
  writer = new EngineWriter(),
): Promise<unknown[]> {
  const found = await writer.engine.writes.bulkWrite({ operations, isOrdered });
  return found.map(({ index, error, count, modified, upsertedId }) => [
    index,
    error?.code ?? 0,
    count,
    modified,
    ...(upsertedId === undefined ? [] : [plainJs(upsertedId)]),
  ]);
}

describe('bulkWrite', () => {
  it('tells what became of each operation', async () => {
    expect(
      await outcomes([
        insert({ _id: 1, a: 1 }),
        insert({ _id: 2, a: 1 }),
        insert({ _id: 1 }, OTHER),
        update({ q: { a: 1 }, u: { $inc: { a: 1 } }, multi: true }),
        update({ q: { _id: 1 }, u: { $set: { a: 2 } } }),
        update({ q: { _id: 5 }, u: { $set: { a: 2 } }, upsert: true }),
        remove({ a: 2 }),
      ]),
    ).to.deep.equal([
      [0, 0, 1, 0],
      [1, 0, 1, 0],
      [2, 0, 1, 0],
      [3, 0, 2, 2],
      [4, 0, 1, 0],
      [5, 0, 1, 0, 5],
      [6, 0, 3, 0],
    ]);
  });

  for (const [isOrdered, expected] of [
    [
      true,
      [
        [0, 0, 1, 0],
        [1, 11000, 0, 0],
      ],
    ],
    [
      false,
      [
        [0, 0, 1, 0],
        [1, 11000, 0, 0],
        [2, 0, 1, 0],
        [3, 66, 0, 0],
        [4, 0, 2, 0],
      ],
    ],
  ] as const)
    it(isOrdered ? 'ends with the first error' : 'goes on after errors', async () => {
      const operations = [
        insert({ _id: 1 }),
        insert({ _id: 1 }),
        insert({ _id: 2 }),
        update({ q: { _id: 1 }, u: { $set: { _id: 3 } } }),
        remove({}),
      ];
      expect(await outcomes(operations, isOrdered)).to.deep.equal(expected);
    });

  it('asks whether the collection is the one that is meant', async () => {
    const writer = new EngineWriter();
    await writer.insert({ _id: 1 });
    const { uuid } = writer.engine.collections.get(NAMESPACE)!.spec as { uuid: Uint8Array };
    const operation = insert({ _id: 2 });
    expect(await outcomes([{ ...operation, collectionUuid: uuid.slice() }], true, writer)).to.deep.equal([
      [0, 0, 1, 0],
    ]);
    expect(
      await outcomes([{ ...operation, collectionUuid: new Uint8Array(16) }], true, writer),
    ).to.deep.equal([[0, 361, 0, 0]]);
  });

  it('refuses names of collections one by one', async () => {
    const bad = insert({ _id: 1 }, { db: 'shop', collection: 'a$' });
    expect(await outcomes([bad, insert({ _id: 1 })], false)).to.deep.equal([
      [0, 73, 0, 0],
      [1, 0, 1, 0],
    ]);
  });
});
