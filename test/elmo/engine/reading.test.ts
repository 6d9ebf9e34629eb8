/** `$$CLUSTER_TIME`: the time of the newest write before the operation, the same for all of it. */
import { expect } from 'chai';
import { EngineRunner } from '../aggregate/engine-runner.js';

interface Time {
  readonly low: number;
  readonly high: number;
}

async function timesOf(runner: EngineRunner): Promise<Time[]> {
  const pipeline = [{ $project: { _id: 0, a: '$$CLUSTER_TIME' } }, { $set: { b: '$$CLUSTER_TIME' } }];
  const rows = (await runner.aggregate(pipeline)) as { a: Time; b: Time }[];
  return rows.flatMap(({ a, b }) => [a, b]);
}

describe('$$CLUSTER_TIME', () => {
  it('is one for all rows and stages, and later after a write', async () => {
    const runner = new EngineRunner();
    await runner.insert('t', [{ _id: 1 }, { _id: 2 }]);
    const before = await timesOf(runner);
    expect(before).to.have.length(4);
    for (const time of before) expect(time).to.deep.equal(before[0]);
    runner.engine.state.clusterClock.tick();
    const after = await timesOf(runner);
    expect([after[0]!.high, after[0]!.low]).to.deep.equal([before[0]!.high, before[0]!.low + 1]);
  });

  it('is not there where clients see a server that stands alone', async () => {
    const runner = new EngineRunner();
    await runner.insert('t', [{ _id: 1 }]);
    runner.engine.state.hasClusterTime = false;
    expect(await runner.codeOf([{ $project: { a: '$$CLUSTER_TIME' } }])).to.equal(51144);
  });
});
