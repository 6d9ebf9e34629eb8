import { expect } from 'chai';
import { plainJs, Value, valueOf } from '../../../elmo/bson/value.js';
import type { SessionContext } from '../../../elmo/session/session-context.js';
import { codeOf, NAMESPACE } from '../../support/documents.js';
import { EngineWriter, raw, removalOf, statementOf } from '../engine/engine-writer.js';

function session(txnNumber: bigint): SessionContext {
  return {
    lsid: 'ab'.repeat(16),
    txnNumber,
    autocommit: undefined,
    startTransaction: false,
    readConcernLevel: undefined,
    stmtId: 0,
  };
}

/** A result in plain values, without what it says of statements that had been done before. */
const shape = (result: unknown): unknown =>
  JSON.parse(
    JSON.stringify(result, (name, value: unknown) =>
      name === 'repeated' ? undefined : value instanceof Value ? plainJs(value) : value,
    ),
  );

type Write = (writer: EngineWriter, context: SessionContext) => Promise<unknown>;

const insert: Write = ({ engine }, context) =>
  engine.insert(
    { namespace: NAMESPACE, documents: [raw({ _id: 8 }), raw({ _id: 9 })], isOrdered: true },
    context,
  );
const update: Write = (writer, context) =>
  writer.update(
    [
      { q: { _id: 1 }, u: { $inc: { n: 1 } } },
      { q: { n: { $gt: 5 } }, u: { $inc: { n: 1 } } },
      { q: { _id: 7 }, u: { $inc: { n: 1 } }, upsert: true },
    ],
    true,
    context,
  );
const remove: Write = ({ engine }, context) =>
  engine.delete(
    { namespace: NAMESPACE, statements: [removalOf({ n: { $gt: 5 } }, false)], isOrdered: true },
    context,
  );
const modify: Write = ({ engine }, context) =>
  engine.findAndModify(
    { namespace: NAMESPACE, filter: raw({ n: 10 }), update: valueOf({ $inc: { n: 1 } }), returnsNew: true },
    context,
  );
const take: Write = ({ engine }, context) =>
  engine.findAndModify({ namespace: NAMESPACE, filter: raw({ _id: 2 }) }, context);
const bulk: Write = ({ engine }, context) =>
  engine.writes.bulkWrite(
    {
      operations: [
        { kind: 'insert', namespace: NAMESPACE, document: raw({ _id: 5 }) },
        {
          kind: 'update',
          namespace: NAMESPACE,
          statement: statementOf({ q: { _id: 1 }, u: { $inc: { n: 1 } } }),
        },
        { kind: 'delete', namespace: NAMESPACE, statement: removalOf({ n: 10 }, false) },
      ],
      isOrdered: true,
    },
    context,
  );

describe('a write that is sent again', () => {
  for (const [what, write, repeated] of [
    ['insert', insert, [0, 1]],
    ['update', update, [0, 1, 2]],
    ['delete', remove, [0]],
    ['findAndModify', modify, [0]],
    ['findAndModify that removes', take, [0]],
    ['bulkWrite', bulk, undefined],
  ] as const)
    it(`${what}: is answered as before, and not done again`, async () => {
      const writer = new EngineWriter();
      await writer.insert({ _id: 1, n: 1 }, { _id: 2, n: 10 }, { _id: 3, n: 10 });
      const first = await write(writer, session(1n));
      const after = await writer.documents();
      const again = (await write(writer, session(1n))) as { readonly repeated?: readonly number[] };
      expect(shape(again)).to.deep.equal(shape(first));
      expect(again.repeated).to.deep.equal(repeated);
      expect(await writer.documents()).to.deep.equal(after);
    });

  it('is done when it has a new number', async () => {
    const writer = new EngineWriter();
    await writer.insert({ _id: 1, n: 1 });
    for (const number of [1n, 2n, 2n, 3n]) await update(writer, session(number));
    expect(await writer.documents({ _id: 1 })).to.deep.equal([{ _id: 1, n: 4 }]);
  });

  it('goes on where it was broken off', async () => {
    const writer = new EngineWriter();
    const request = (ids: readonly number[]): Promise<unknown> =>
      writer.engine.insert(
        { namespace: NAMESPACE, documents: ids.map((_id) => raw({ _id })), isOrdered: true },
        session(1n),
      );
    await request([1, 2]);
    expect(await request([1, 2, 3])).to.deep.equal({ inserted: 3, failures: [], repeated: [0, 1] });
    expect(await writer.documents()).to.deep.equal([{ _id: 1 }, { _id: 2 }, { _id: 3 }]);
  });

  it('cannot be about many documents', async () => {
    const writer = new EngineWriter();
    const { failures } = await writer.update(
      [{ q: {}, u: { $set: { a: 1 } }, multi: true }],
      true,
      session(1n),
    );
    expect(failures[0]!.error.code).to.equal(72);
    const { failures: others } = await writer.engine.delete(
      { namespace: NAMESPACE, statements: [removalOf({})], isOrdered: true },
      session(2n),
    );
    expect(others[0]!.error.code).to.equal(72);
  });

  it('is refused when the session has gone on', async () => {
    const writer = new EngineWriter();
    await update(writer, session(5n));
    expect(await codeOf(() => update(writer, session(4n)))).to.equal(225);
  });
});
