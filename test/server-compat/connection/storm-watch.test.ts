import { expect } from 'chai';
import { StormWatch } from '../../../server-compat/connection/storm-watch.js';

const LOOK_MS = 3;

/** A server of which only the numbers are there. */
function watched(): {
  collections: () => number;
  ask: (requests: number) => void;
  connections: (count: number) => void;
  garbage: () => void;
} {
  const traffic = { requests: 0 };
  const server = { traffic, onCount: (_: number): void => undefined, onGarbage: (): void => undefined };
  let collections = 0;
  new StormWatch(server, () => collections++, LOOK_MS);
  return {
    collections: () => collections,
    ask: (requests) => (traffic.requests += requests),
    connections: (count) => server.onCount(count),
    garbage: () => server.onGarbage(),
  };
}

const looks = (count: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, count * LOOK_MS + 100));

describe('a server after a storm of connections', () => {
  it('is collected twice when most have gone and it is quiet, and then no more', async () => {
    const { connections, collections } = watched();
    for (let count = 1; count <= 1000; count++) connections(count);
    for (let count = 1000; count >= 10; count--) connections(count);
    await looks(20);
    expect(collections()).to.equal(2);
    connections(9);
    await looks(20);
    expect(collections()).to.equal(2);
  });

  it('is collected as well when replies that nobody read have left much behind', async () => {
    const { garbage, collections } = watched();
    garbage();
    await looks(20);
    expect(collections()).to.equal(2);
    await looks(20);
    expect(collections()).to.equal(2);
  });

  it('is left alone while it is asked much', async () => {
    const { connections, collections, ask } = watched();
    connections(1000);
    connections(10);
    const asking = setInterval(() => ask(1000), 1);
    await looks(30);
    expect(collections()).to.equal(0);
    clearInterval(asking);
    await looks(20);
    expect(collections()).to.equal(2);
  });

  for (const [what, most, left] of [
    ['of few connections', 200, 0],
    ['that goes on', 1000, 300],
  ] as const) {
    it(`is no storm ${what}`, async () => {
      const { connections, collections } = watched();
      connections(most);
      connections(left);
      await looks(20);
      expect(collections()).to.equal(0);
    });
  }

  it('is watched for the next one', async () => {
    const { connections, collections } = watched();
    for (const count of [1000, 5]) connections(count);
    await looks(20);
    for (const count of [800, 5]) connections(count);
    await looks(20);
    expect(collections()).to.equal(4);
  });
});
