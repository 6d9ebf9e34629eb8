/** An engine in memory comes back to a marked state: what it holds, what it counts, what it knows of collections. */
import { expect } from 'chai';
import { encodeDocument } from '../../../elmo/bson/encode.js';
import { copyDocument } from '../../../elmo/bson/writer.js';
import { MemoryEngine } from '../../../elmo/engine/memory-engine.js';
import type { SessionContext } from '../../../elmo/session/session-context.js';
import { codeOf } from '../../support/documents.js';

const namespace = { db: 'test', collection: 'c' };

async function insert(engine: MemoryEngine, ids: readonly number[], session?: SessionContext): Promise<void> {
  const documents = ids.map((_id) => encodeDocument({ _id }));
  await engine.insert({ namespace, documents, isOrdered: true }, session);
}

const transaction = (txnNumber: number, startTransaction: boolean): SessionContext => ({
  lsid: '000102030405060708090a0b0c0d0e0f',
  txnNumber: BigInt(txnNumber),
  autocommit: false,
  startTransaction,
  readConcernLevel: undefined,
  stmtId: 0,
});

describe('an engine in memory', () => {
  let engine: MemoryEngine;
  beforeEach(() => {
    engine = new MemoryEngine();
  });
  afterEach(() => engine.close());

  const count = (): Promise<number> => engine.count({ namespace });

  it('comes back again and again, and goes on from there', async () => {
    await insert(engine, [1, 2]);
    const mark = engine.mark();
    for (let round = 0; round < 3; round++) {
      await insert(engine, [3, 4, 5]);
      expect(await count()).to.equal(5);
      engine.rewind(mark);
      expect(await count()).to.equal(2);
      expect(
        await codeOf(() => engine.findOne(namespace, encodeDocument({ _id: 4 }), copyDocument)),
      ).to.equal('ok');
      expect(await engine.findOne(namespace, encodeDocument({ _id: 4 }), copyDocument)).to.equal(undefined);
    }
    await insert(engine, [3]);
    const later = engine.mark();
    engine.rewind(mark);
    engine.rewind(later);
    expect(await count()).to.equal(3);
  });

  it('forgets collections and indexes made since, and has again those dropped since', async () => {
    const empty = engine.mark();
    await insert(engine, [1]);
    const one = engine.mark();
    await engine.defining.drop(namespace, {});
    expect(engine.catalog.collectionNames('test')).to.deep.equal([]);
    engine.rewind(one);
    expect(engine.catalog.collectionNames('test')).to.deep.equal(['c']);
    expect(await count()).to.equal(1);
    engine.rewind(empty);
    expect(engine.catalog.collectionNames('test')).to.deep.equal([]);
    expect(await count()).to.equal(0);
    await insert(engine, [7]);
    expect(await count()).to.equal(1);
  });

  it('ends cursors and transactions', async () => {
    await insert(engine, [1, 2, 3]);
    const mark = engine.mark();
    await insert(engine, [4], transaction(1, true));
    engine.rewind(mark);
    expect(await codeOf(() => engine.sessions.commit(transaction(1, false), false))).to.equal(251);
    await insert(engine, [4]);
    expect(await count()).to.equal(4);
  });

  it('a transaction open at the mark is not part of it', async () => {
    await insert(engine, [1]);
    await insert(engine, [2], transaction(1, true));
    const mark = engine.mark();
    await engine.sessions.commit(transaction(1, false), false);
    expect(await count()).to.equal(2);
    engine.rewind(mark);
    expect(await count()).to.equal(1);
  });
});
