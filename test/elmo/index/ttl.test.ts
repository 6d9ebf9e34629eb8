import { expect } from 'chai';
import { decodeDocument } from '../../../elmo/bson/decode.js';
import { TtlDeleter } from '../../../elmo/index/ttl.js';
import { Documents, NAMESPACE } from '../../support/documents.js';

const NOW = Date.UTC(2030, 0, 1);

describe('the deleter of expired documents', () => {
  it('asks for what is over, index by index', async () => {
    const store = new Documents();
    await store.create({}, { db: 'shop', collection: 'plain' });
    await store.create(
      { clusteredIndex: { key: { _id: 1 }, unique: true }, expireAfterSeconds: 10 },
      { db: 'shop', collection: 'clustered' },
    );
    const asked: unknown[] = [];
    const deleter = new TtlDeleter(store.catalog, {
      intervalMs: () => 1000,
      isEnabled: () => true,
      nowMs: () => NOW,
      deleteMatching: (namespace, filter) => {
        asked.push([namespace.collection, decodeDocument(filter)]);
        return Promise.resolve(2);
      },
    });
    expect(await deleter.runOnce()).to.equal(2);
    await store.index([
      { key: { t: -1 }, name: 't', expireAfterSeconds: 60 },
      { key: { 'a.b': 1 }, name: 'ab', expireAfterSeconds: 0, partialFilterExpression: { done: true } },
      { key: { c: 1 }, name: 'c' },
    ]);
    asked.length = 0;
    expect(await deleter.runOnce()).to.equal(6);
    expect(asked).to.deep.equal([
      ['clustered', { _id: { $lte: new Date(NOW - 10_000) } }],
      ['orders', { t: { $lte: new Date(NOW - 60_000) } }],
      ['orders', { $and: [{ 'a.b': { $lte: new Date(NOW) } }, { done: true }] }],
    ]);
    await store.run((unit) => store.catalog.drop(unit, store.catalog.expect(NAMESPACE)));
    expect(await deleter.runOnce()).to.equal(2);
    const { reads } = store.catalog;
    await deleter.runOnce();
    expect(store.catalog.reads).to.equal(reads);
  });

  it('runs by itself until it is stopped, a failed round notwithstanding', async () => {
    const store = new Documents();
    await store.index([{ key: { t: 1 }, name: 't', expireAfterSeconds: 60 }]);
    let rounds = 0;
    const third = new Promise<void>((resolve) => {
      const deleter = new TtlDeleter(store.catalog, {
        intervalMs: () => 1,
        isEnabled: () => true,
        nowMs: () => NOW,
        deleteMatching: () => {
          if (++rounds === 3) void deleter.stop().then(resolve);
          return rounds === 1 ? Promise.reject(new Error('no')) : Promise.resolve(0);
        },
      });
      deleter.start();
      setTimeout(() => undefined, 500); // the deleter's own timer lets the process end
    });
    await third;
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(rounds).to.equal(3);
  });

  it('runs at another interval from the moment that is told, and rests while it is not wanted', async () => {
    const store = new Documents();
    await store.index([{ key: { t: 1 }, name: 't', expireAfterSeconds: 60 }]);
    const settings = { intervalMs: 1_000_000, isEnabled: false };
    let rounds = 0;
    const deleter = new TtlDeleter(store.catalog, {
      intervalMs: () => settings.intervalMs,
      isEnabled: () => settings.isEnabled,
      nowMs: () => NOW,
      deleteMatching: () => Promise.resolve(++rounds),
    });
    const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));
    deleter.start();
    settings.intervalMs = 1;
    deleter.reschedule();
    await pause();
    expect(rounds).to.equal(0);
    settings.isEnabled = true;
    await pause();
    await deleter.stop();
    expect(rounds).to.be.greaterThan(0);
  });
});
