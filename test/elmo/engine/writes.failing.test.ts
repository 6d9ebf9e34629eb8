/** Writes whose store fails while they let others run: the statement tells it, and nobody else is disturbed. */
import { expect } from 'chai';
import { MemoryKv } from '../../../lsm/index.js';
import { Engine } from '../../../elmo/engine/engine.js';
import { valueOf } from '../../../elmo/bson/value.js';
import { NAMESPACE } from '../../support/documents.js';
import { raw, removalOf, statementOf } from './engine-writer.js';

const DOCUMENTS = 3000;

/** Takes writes until it is full. */
class FillingKv extends MemoryKv {
  isFull = false;

  override write(...given: Parameters<MemoryKv['write']>): Promise<void> {
    return this.isFull ? Promise.reject(new Error('no space left')) : super.write(...given);
  }
}

/** Each look finds that a slice of time is over. */
let nowMs = 0;
const clock = {
  wallMs: () => 1_700_000_000_000,
  nowMs: () => (nowMs += 100),
  turn: () => new Promise<void>((resolve) => setTimeout(resolve, 0)),
};
const random = { fill: (bytes: Uint8Array) => bytes.fill(7) };

describe('writes into a store that is full', () => {
  let kv: FillingKv;
  let engine: Engine;
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  let listeners: NodeJS.UnhandledRejectionListener[] = [];

  before(() => {
    listeners = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection').on('unhandledRejection', note);
  });
  after(() => {
    process.removeAllListeners('unhandledRejection');
    for (const listener of listeners) process.on('unhandledRejection', listener);
  });

  beforeEach(async () => {
    kv = new FillingKv();
    engine = new Engine(kv, clock as never, random as never);
    await insert(0);
    kv.isFull = true;
    unhandled.length = 0;
  });

  const insert = (from: number): Promise<unknown> =>
    engine.insert({
      namespace: NAMESPACE,
      documents: Array.from({ length: DOCUMENTS }, (_, i) => raw({ _id: from + i, n: i })),
      isOrdered: true,
    });
  const one = { q: { _id: 1 }, u: { $set: { x: 1 } } };
  const all = { q: { n: { $gte: 0 } }, u: { $set: { x: 1 } }, multi: true };

  for (const [name, write] of [
    ['insert', () => insert(DOCUMENTS)],
    [
      'update',
      () =>
        engine.update({
          namespace: NAMESPACE,
          statements: [one, all, one].map(statementOf),
          isOrdered: true,
        }),
    ],
    [
      'delete',
      () =>
        engine.delete({
          namespace: NAMESPACE,
          statements: [removalOf({ _id: 1 }, false), removalOf({ n: { $gte: 0 } })],
          isOrdered: true,
        }),
    ],
    [
      'update of which one fails for itself',
      () =>
        engine.update({
          namespace: NAMESPACE,
          statements: [
            {
              filter: raw({ n: { $gte: 0 } }),
              update: valueOf({ $inc: { n: 1, 'n.a': 1 } }),
              isMulti: true,
              isUpsert: false,
            },
            statementOf(all),
          ],
          isOrdered: false,
        }),
    ],
  ] as const)
    it(name, async () => {
      const error = await write().then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).to.have.property('message', 'no space left');
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(unhandled).to.deep.equal([]);
    });
});
