import { expect } from 'chai';
import { MemoryKv } from '../../lsm/memory-kv.js';
import type { OrderedKv } from '../../lsm/ordered-kv.js';
import { orderedKvContract } from '../contract/ordered-kv.contract.js';

orderedKvContract('MemoryKv', async () => {
  const kv: OrderedKv = new MemoryKv();
  return { kv, close: () => kv.close() };
});

const b = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('MemoryKv', () => {
  it('says of values from a given size on that they are blobs', async () => {
    const kv = new MemoryKv(4);
    await kv.put(b('small'), b('abc'));
    await kv.put(b('large'), b('abcd'));
    expect([kv.describe(b('small'))?.kind, kv.describe(b('large'))?.kind]).to.deep.equal(['inline', 'blob']);
  });

  it('estimates exactly', async () => {
    const kv = new MemoryKv();
    for (const key of ['a', 'b', 'c', 'd']) await kv.put(b(key), b('12345'));
    expect(kv.estimate()).to.deep.equal({ count: 4, bytes: 24 });
    expect(kv.estimate({ low: b('b'), high: b('d') })).to.deep.equal({ count: 2, bytes: 12 });
  });

  it('refuses the batch of another store', async () => {
    const kv = new MemoryKv();
    const failure = await kv.write({ ...kv.batch(), count: 0 }).catch((error: unknown) => error);
    expect(failure).to.have.property('code', 'BadOptions');
  });
});
