import { expect } from 'chai';
import { encodeDocument } from '../../../elmo/bson/encode.js';
import type { ElmoError } from '../../../elmo/errors.js';
import { RetryLog } from '../../../elmo/session/retry-log.js';
import type { SessionContext } from '../../../elmo/session/session-context.js';
import { retryableStatement, SessionRegistry } from '../../../elmo/session/session-registry.js';
import { codeOf, Documents } from '../../support/documents.js';

const LSID = '000102030405060708090a0b0c0d0e0f';

function request(txnNumber: number, start = false, lsid = LSID): SessionContext {
  return {
    lsid,
    txnNumber: BigInt(txnNumber),
    autocommit: false,
    startTransaction: start,
    readConcernLevel: undefined,
    stmtId: 0,
  };
}

function retryable(txnNumber: number, stmtId = 0): SessionContext {
  return { ...request(txnNumber), autocommit: undefined, stmtId };
}

function opened(): {
  store: Documents;
  sessions: SessionRegistry;
  retries: RetryLog;
  pass: (ms: number) => void;
} {
  const store = new Documents();
  let now = 0;
  const retries = new RetryLog(store.kv, () => now);
  const sessions = new SessionRegistry(
    store.committer,
    () => now,
    (bytes) => 'a'.repeat(bytes * 2),
    { retries },
  );
  return { store, sessions, retries, pass: (ms) => (now += ms) };
}

describe('the transactions of a session', () => {
  it('begin, go on, and commit as a whole', async () => {
    const { store, sessions } = opened();
    store.insertThrough(sessions.enter(request(1, true))!, { _id: 1 });
    store.insertThrough(sessions.enter(request(1))!, { _id: 2 });
    await sessions.commit(request(1), false);
    await sessions.commit(request(1), false); // a second time: the client did not know
    expect(store.documents()).to.have.length(2);
    expect(store.problems()).to.deep.equal([]);
  });

  it('abort without a trace', async () => {
    const { store, sessions } = opened();
    await store.create();
    store.insertThrough(sessions.enter(request(1, true))!, { _id: 1 });
    await sessions.abort(request(1));
    expect(store.documents()).to.deep.equal([]);
    expect(await codeOf(() => sessions.commit(request(1), false))).to.equal(251);
    expect(await codeOf(() => sessions.abort(request(1)))).to.equal(251);
  });

  for (const [why, expected, run] of [
    ['going on with what never began', 251, (s: SessionRegistry) => s.enter(request(5))],
    [
      'beginning the same number twice',
      50911,
      (s: SessionRegistry) => [s.enter(request(5, true)), s.enter(request(5, true))],
    ],
    [
      'a number below one that was seen',
      225,
      (s: SessionRegistry) => [s.enter(request(5, true)), s.enter(request(4))],
    ],
    [
      'a retryable write ends a transaction of a lower number',
      225,
      (s: SessionRegistry) => [s.enter(request(5, true)), s.enter(retryable(6)), s.enter(request(5))],
    ],
    [
      'aborting what is committed',
      256,
      async (s: SessionRegistry) => {
        s.enter(request(5, true));
        await s.commit(request(5), false);
        await s.abort(request(5));
      },
    ],
    [
      'writing in what is committed',
      256,
      async (s: SessionRegistry) => {
        s.enter(request(5, true));
        await s.commit(request(5), false);
        s.enter(request(5));
      },
    ],
    ['committing what never began', 251, (s: SessionRegistry) => s.commit(request(5), false)],
    [
      'going on after a statement that failed',
      251,
      (s: SessionRegistry) => {
        s.enter(request(5, true));
        s.abortAfter(request(5));
        s.enter(request(5));
      },
    ],
  ] as const)
    it(`${why}: ${expected}`, async () => {
      const { sessions } = opened();
      expect(await codeOf(() => run(sessions))).to.equal(expected);
    });

  it('end when they have been open too long', async () => {
    const { store, sessions, pass } = opened();
    await store.create();
    store.insertThrough(sessions.enter(request(1, true))!, { _id: 1 });
    pass(60_001);
    sessions.expire();
    expect(store.committer.claims.isEmpty).to.equal(true);
    expect(await codeOf(() => sessions.enter(request(1)))).to.equal(251);
  });

  it('say of a conflict that trying again may help', async () => {
    const { store, sessions } = opened();
    const id = await store.insert({ _id: 1 });
    const unit = sessions.enter(request(1, true))!;
    await store.replace(id, { _id: 1, a: 1 });
    let error: ElmoError | undefined;
    try {
      const collection = store.collection(undefined, unit);
      collection.replace(unit, id, collection.read(unit.view, id)!, 0, encodeDocument({ _id: 1, a: 2 }));
    } catch (thrown) {
      error = thrown as ElmoError;
    }
    expect([error?.code, error?.details.errorLabels]).to.deep.equal([112, ['TransientTransactionError']]);
  });

  it('of sessions nobody uses are forgotten with them', () => {
    const { sessions, pass } = opened();
    sessions.enter(request(1, true));
    pass(31 * 60_000);
    sessions.expire();
    expect(sessions.size).to.equal(0);
  });
});

describe('results of retryable writes', () => {
  const result = encodeDocument({ n: 1 });

  it('are found again, also after the store was opened again', async () => {
    const { store, retries } = opened();
    const statement = retryableStatement(retryable(3, 2))!;
    await store.run((unit) => retries.record(unit, statement, result));
    for (const log of [retries, new RetryLog(store.kv, () => 0)]) {
      expect(log.find(statement)).to.deep.equal(result);
      expect(log.find({ ...statement, stmtId: 1 })).to.equal(undefined);
      expect(log.find({ ...statement, txnNumber: 4n })).to.equal(undefined);
    }
  });

  it('are not kept of a write that was given up', async () => {
    const { store, retries } = opened();
    const statement = retryableStatement(retryable(3))!;
    const unit = store.committer.direct();
    retries.record(unit, statement, result);
    unit.rollback();
    expect(retries.find(statement)).to.equal(undefined);
  });

  it('are swept when nobody will ask any more', async () => {
    const { store, retries, pass } = opened();
    const statement = retryableStatement(retryable(3))!;
    await store.run((unit) => retries.record(unit, statement, result));
    await retries.sweep(store.committer, 1000);
    expect(retries.find(statement)).to.deep.equal(result);
    pass(1001);
    await retries.sweep(store.committer, 1000);
    expect(retries.find(statement)).to.equal(undefined);
  });

  it('belong to writes outside of transactions only', () => {
    expect(retryableStatement(request(1))).to.equal(undefined);
    expect(retryableStatement(undefined)).to.equal(undefined);
  });
});
