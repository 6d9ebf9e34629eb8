/** `$currentOp` shows the commands that run, itself among them. */
import { expect } from 'chai';
import { connect, type ElmoClient } from '../../../../index.js';

describe('$currentOp', () => {
  let client: ElmoClient;
  before(async () => {
    client = await connect(':memory:');
  });
  after(() => client.close());

  const run = (stage: object, db = 'admin', collection: unknown = 1) =>
    client.db(db).command({ aggregate: collection, pipeline: [stage], cursor: {} });

  it('a row for each command', async () => {
    const { cursor } = await run({ $currentOp: { allUsers: true, localOps: true } });
    const [row] = (cursor as { firstBatch: Record<string, unknown>[] }).firstBatch;
    expect(row).to.include({ type: 'op', op: 'command', ns: 'admin.$cmd.aggregate', active: true });
    expect(row!['command']).to.include({ aggregate: 1, $db: 'admin' });
  });

  it('and the command of that name, which takes a filter of rows', async () => {
    const admin = client.db('admin');
    const found = async (filter: object): Promise<Record<string, unknown>[]> =>
      (await admin.command({ currentOp: 1, ...filter }))['inprog'] as Record<string, unknown>[];
    const [row, ...others] = await found({});
    expect(others).to.deep.equal([]);
    expect(row).to.include({ op: 'command', ns: 'admin.$cmd' });
    expect(await found({ op: 'command', secs_running: { $lt: 60 } })).to.have.length(1);
    expect(await found({ op: 'query' })).to.deep.equal([]);
    const error = await found({ op: { $bad: 1 } }).catch((thrown: unknown) => thrown);
    expect(error).to.have.property('code', 2);
  });

  for (const [stage, db, collection, code] of [
    [{ $currentOp: {} }, 'x', 1, 73],
    [{ $currentOp: {} }, 'admin', 'c', 73],
    [{ $currentOp: 1 }, 'admin', 1, 14],
    [{ $currentOp: { x: 1 } }, 'admin', 1, 40415],
    [{ $currentOp: { allUsers: 1 } }, 'admin', 1, 14],
    [{ $currentOp: { targetAllNodes: true, localOps: true } }, 'admin', 1, 9],
  ] as const)
    it(`${JSON.stringify(stage)} on ${db}, ${collection}: ${code}`, async () => {
      const error = await run(stage, db, collection).catch((thrown: unknown) => thrown);
      expect(error).to.have.property('code', code);
    });
});
