/** What a server does between the engine and its clients. */
import { expect } from 'chai';
import { openEngine, type Document, type Engine } from '../../elmo/index.js';
import { serve, type WireServer } from '../../server-compat/index.js';
import { WireClient } from '../support/wire-client.js';

const aggregation = (stage: Document): Document => ({ aggregate: 'orders', pipeline: [stage], cursor: {} });

describe('a served engine', () => {
  let engine: Engine;
  let server: WireServer;
  let client: WireClient;

  before(async () => {
    engine = await openEngine(':memory:', { worker: false });
    server = await serve(engine, { port: 0 });
    client = await WireClient.open(Number(server.address.split(':')[1]));
  });
  after(async () => {
    client.close();
    await server.close(0);
    await engine.close();
  });

  it('sends documents as they are stored, byte by byte', async () => {
    // {_id: 1, a: 1, a: 2, b: NaN with a payload}: no decoder gives this back
    const raw = Buffer.from(
      '2e000000105f6964000100000010610001000000106100020000000162000100000000f0f87f00',
      'hex',
    );
    raw.writeInt32LE(raw.length, 0);
    await engine.insert({ namespace: { db: 'd', collection: 'c' }, documents: [raw], isOrdered: true });
    for (const command of [
      { find: 'c', filter: { _id: 1 } },
      { find: 'c' },
      { find: 'c', sort: { a: 1 } },
      { aggregate: 'c', pipeline: [{ $match: { _id: 1 } }], cursor: {} },
    ]) {
      const reply = Buffer.from(await client.send(command, 'd'));
      expect(reply.includes(raw), JSON.stringify(command)).to.equal(true);
    }
  });

  describe('what a graphical client asks, one thing after another', () => {
    before(() =>
      client.run({ insert: 'orders', documents: [{ _id: 1, tags: ['a'], at: new Date(0) }] }, 'shop'),
    );

    for (const [db, command, fields] of [
      [
        'admin',
        {
          hello: 1,
          client: { driver: { name: 'nodejs|Compass', version: '1.44.0' }, os: { type: 'Linux' } },
        },
        ['me', 'maxWireVersion', 'setName'],
      ],
      ['admin', { connectionStatus: 1, showPrivileges: true }, ['authInfo']],
      ['admin', { hostInfo: 1 }, ['system', 'os', 'extra']],
      ['admin', { buildInfo: 1 }, ['version', 'versionArray', 'modules', 'maxBsonObjectSize']],
      ['admin', { getParameter: 1, featureCompatibilityVersion: 1 }, ['featureCompatibilityVersion']],
      ['admin', { getCmdLineOpts: 1 }, ['argv', 'parsed']],
      ['admin', { listDatabases: 1, nameOnly: true, authorizedDatabases: true }, ['databases']],
      ['shop', { dbStats: 1 }, ['collections', 'objects', 'dataSize', 'storageSize', 'indexes', 'indexSize']],
      ['shop', { listCollections: 1, nameOnly: true, authorizedCollections: true }, ['cursor']],
      ['shop', { listIndexes: 'orders', cursor: {} }, ['cursor']],
      ['shop', { collStats: 'orders' }, ['count', 'size', 'avgObjSize', 'nindexes', 'indexSizes', 'capped']],
      ['shop', aggregation({ $collStats: { storageStats: {} } }), ['cursor']],
      ['shop', aggregation({ $indexStats: {} }), ['cursor']],
      ['shop', aggregation({ $sample: { size: 1000 } }), ['cursor']],
      [
        'shop',
        { explain: { find: 'orders', filter: { tags: 'a' } }, verbosity: 'executionStats' },
        ['executionStats'],
      ],
      ['admin', { serverStatus: 1 }, ['opcounters', 'connections', 'network', 'mem']],
      ['admin', { top: 1 }, ['totals']],
      ['admin', { currentOp: 1, $all: true }, ['inprog']],
      ['admin', { getLog: 'startupWarnings' }, ['log', 'totalLinesWritten']],
    ] as const)
      it(Object.keys(command)[0] + JSON.stringify(Object.values(command)[1] ?? ''), async () => {
        const reply = await client.run(command, db);
        expect(reply['ok'], JSON.stringify(reply)).to.equal(1);
        expect(reply).to.include.keys([...fields]);
      });

    it('and whether it is another product, in vain', async () => {
      for (const command of [{ atlasVersion: 1 }, { getnonce: 1 }])
        expect((await client.run(command, 'admin'))['codeName']).to.equal('CommandNotFound');
    });
  });

  it('counts what it did', async () => {
    const before = await client.run({ serverStatus: 1 }, 'admin');
    await client.run({ insert: 'n', documents: [{}, {}, {}] }, 'd');
    await client.run({ update: 'n', updates: [{ q: {}, u: { $set: { a: 1 } }, multi: true }] }, 'd');
    await client.run({ find: 'n' }, 'd');
    await client.run({ delete: 'n', deletes: [{ q: {}, limit: 1 }] }, 'd');
    const after = await client.run({ serverStatus: 1 }, 'admin');
    type Metrics = { document: Record<string, unknown> };
    const change = Object.fromEntries(
      Object.entries((after['metrics'] as Metrics).document).map(([name, count]) => [
        name,
        Number(count) - Number((before['metrics'] as Metrics).document[name]),
      ]),
    );
    expect(change).to.deep.equal({ deleted: 1, inserted: 3, returned: 3, updated: 3 });
  });
});
