/** A moment that a session has opened can be read again for some minutes. */
import { expect } from 'chai';
import { Moments } from '../../../elmo/session/moments.js';
import { MemoryKv } from '../../../lsm/index.js';
import { codeOf } from '../../support/documents.js';

const at = (increment: number) => ({ seconds: 1, increment });

describe('moments', () => {
  it('the same time is the same moment', () => {
    const moments = new Moments(new MemoryKv());
    expect(moments.open(undefined, at(1), 0)).to.deep.equal(at(1));
    expect(moments.open(undefined, at(2), 0)).to.deep.equal(at(2));
    expect(moments.at(at(1), 0)).to.equal(moments.at(moments.open(at(1), at(3), 0), 0));
    moments.release();
  });

  it('a past that nobody has opened is refused', async () => {
    const moments = new Moments(new MemoryKv());
    expect(await codeOf(() => moments.open(at(1), at(2), 0))).to.equal(239);
    expect(await codeOf(() => moments.at(at(1), 0))).to.equal(239);
  });

  it('is forgotten when nobody has read it for five minutes, or when there are many others', async () => {
    const moments = new Moments(new MemoryKv());
    moments.open(undefined, at(1), 0);
    moments.open(undefined, at(2), 0);
    moments.at(at(1), 200_000);
    moments.expire(400_000);
    expect(moments.at(at(1), 400_000).seq).to.be.a('number');
    expect(await codeOf(() => moments.at(at(2), 400_000))).to.equal(239);
    for (let i = 10; i < 30; i++) moments.open(undefined, at(i), 400_000);
    expect(await codeOf(() => moments.at(at(1), 400_000))).to.equal(239);
    moments.release();
  });
});
