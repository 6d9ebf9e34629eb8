/** What commands leave in system.profile. */
import { expect } from 'chai';
import { BSONRegExp, type Document } from '../../../index.js';
import { connect, type ElmoClient } from '../../../server-compat/index.js';

describe('elmo/commands/profiler', () => {
  let client: ElmoClient;
  const run = (command: Document): Promise<Document> => client.db('a').command(command);
  const failure = (command: Document): Promise<unknown> => run(command).catch((thrown: unknown) => thrown);
  const entries = (filter: Document = {}): Promise<Document[]> =>
    client
      .db('a')
      .collection('system.profile')
      .find({ 'command.find': { $ne: 'system.profile' }, ...filter })
      .toArray() as Promise<Document[]>;

  beforeEach(async () => {
    client = await connect(':memory:');
    await run({ insert: 'c', documents: [{ _id: 1 }, { _id: 2 }, { _id: 3 }] });
  });
  afterEach(() => client.close());

  it('is off at first, and makes nothing', async () => {
    expect(await run({ profile: -1 })).to.include({ was: 0, slowms: 100, sampleRate: 1, ok: 1 });
    await run({ find: 'c' });
    expect(await client.db('a').listCollections().toArray()).to.have.length(1);
  });

  it('keeps its documents in a capped collection of one megabyte', async () => {
    expect(await run({ profile: 2 })).to.include({ was: 0 });
    const [info] = (await client.db('a').listCollections({ name: 'system.profile' }).toArray()) as Document[];
    expect(info!['options']).to.deep.equal({ capped: true, size: 1_048_576 });
  });

  describe('at level 2', () => {
    beforeEach(() => run({ profile: 2 }));

    for (const [command, expected] of [
      [{ find: 'c' }, { op: 'query', ns: 'a.c', nreturned: 3, cursorExhausted: true }],
      [
        { insert: 'c', documents: [{}, {}] },
        { op: 'insert', ns: 'a.c', ninserted: 2 },
      ],
      [
        { update: 'c', updates: [{ q: {}, u: { $set: { x: 1 } }, multi: true }] },
        { op: 'update', nMatched: 3, nModified: 3, nUpserted: 0 },
      ],
      [
        { update: 'c', updates: [{ q: { _id: 9 }, u: { $set: { x: 1 } }, upsert: true }] },
        { op: 'update', nMatched: 0, nModified: 0, nUpserted: 1 },
      ],
      [
        { delete: 'c', deletes: [{ q: { _id: 1 }, limit: 1 }] },
        { op: 'remove', ndeleted: 1 },
      ],
      [{ count: 'c' }, { op: 'command', ns: 'a.c' }],
      [
        { aggregate: 'c', pipeline: [], cursor: {} },
        { op: 'command', ns: 'a.c', nreturned: 3 },
      ],
      [{ ping: 1 }, { op: 'command', ns: 'a.$cmd' }],
      [
        { find: 'c', filter: { $x: 1 } },
        { op: 'query', errName: 'BadValue', errCode: 2 },
      ],
    ] as const)
      it(`writes ${JSON.stringify(command)}`, async () => {
        await failure(command);
        const [entry, ...others] = await entries();
        expect(others).to.deep.equal([]);
        expect(entry).to.deep.include(expected);
        expect(entry).to.include({ client: 'embedded', user: '', numYield: 0 });
        expect(entry!['ts']).to.be.an.instanceOf(Date);
        expect(entry!['millis']).to.be.a('number');
        const isStatement = 'update' in command || 'delete' in command;
        expect('responseLength' in entry!, 'responseLength').to.equal(!isStatement);
        expect(entry!['protocol']).to.equal(isStatement ? undefined : 'op_msg');
      });

    describe('each statement of a write', () => {
      it('of an update', async () => {
        const updates = [
          { q: { _id: 1 }, u: { $set: { x: 1 } } },
          { q: { _id: { $gt: 0 } }, u: { $set: { x: 1 } }, multi: true },
          { q: { _id: 1 }, u: { $wrong: 1 } },
          { q: { _id: 4 }, u: { $set: { x: 1 } }, upsert: true },
        ];
        await run({ update: 'c', updates, ordered: false });
        const found = await entries();
        expect(found.map(({ command }) => command as Document)).to.deep.equal(updates);
        const counts = (entry: Document): unknown[] =>
          ['nMatched', 'nModified', 'nUpserted', 'keysInserted', 'docsExamined', 'errCode'].map(
            (name) => entry[name] as unknown,
          );
        expect(found.map(counts)).to.deep.equal([
          [1, 1, 0, undefined, 1, undefined],
          [3, 2, 0, undefined, 3, undefined],
          [undefined, undefined, undefined, undefined, undefined, 9],
          [0, 0, 1, 1, 0, undefined],
        ]);
      });

      it('of a delete, until one fails', async () => {
        const deletes = [
          { q: { _id: 1 }, limit: 1 },
          { q: { $wrong: 1 }, limit: 1 },
          { q: {}, limit: 0 },
        ];
        await run({ delete: 'c', deletes });
        const found = await entries();
        expect(found.map(({ command }) => command as Document)).to.deep.equal(deletes.slice(0, 2));
        expect(found[0]).to.include({ op: 'remove', ndeleted: 1, keysDeleted: 1 });
        expect(found[1]).to.include({ errName: 'BadValue' });
      });

      it('but the whole command if none has run', async () => {
        await failure({ update: 'system.profile', updates: [{ q: {}, u: {} }] });
        const [entry] = await entries();
        expect(entry).to.include.keys('responseLength', 'errCode');
      });
    });

    it('the keys that a write has put into indexes and taken out', async () => {
      await run({ createIndexes: 'c', indexes: [{ key: { a: 1 }, name: 'a' }] });
      for (const [command, inserted, deleted] of [
        [{ insert: 'c', documents: [{ a: [1, 2, 3] }, { a: 1 }] }, 6, undefined],
        [{ findAndModify: 'c', query: { a: 3 }, update: { $set: { a: [2, 4] } } }, 1, 2],
        [
          { update: 'c', updates: [{ q: { a: 1 }, u: { $inc: { n: 1 } }, multi: true }] },
          undefined,
          undefined,
        ],
        [{ update: 'c', updates: [{ q: { a: 1 }, u: { $inc: { a: 1 } }, multi: true }] }, 1, 1],
        [{ delete: 'c', deletes: [{ q: { a: 4 }, limit: 1 }] }, undefined, 3],
        [{ aggregate: 'c', pipeline: [{ $out: 'd' }], cursor: {} }, 4, undefined],
      ] as const) {
        await run(command);
        const entry = (await entries()).at(-1)!;
        expect([entry['keysInserted'], entry['keysDeleted']], JSON.stringify(command)).to.deep.equal([
          inserted,
          deleted,
        ]);
      }
    });

    it('the fields in their order', async () => {
      const { cursor } = (await run({ find: 'c', sort: { x: 1 }, batchSize: 1 })) as { cursor: Document };
      await run({ getMore: cursor['id'] as bigint, collection: 'c' });
      const [, entry] = await entries();
      expect(Object.keys(entry!)).to.deep.equal([
        ...['_id', 'op', 'ns', 'command', 'originatingCommand', 'keysExamined', 'docsExamined'],
        ...['hasSortStage', 'cursorExhausted', 'numYield', 'nreturned', 'queryHash', 'planCacheShapeHash'],
        ...['planCacheKey', 'queryFramework', 'locks', 'storage', 'responseLength', 'protocol', 'millis'],
        ...['planSummary', 'execStats', 'ts', 'client', 'allUsers', 'user'],
      ]);
    });

    describe('the stages, with what each has done', () => {
      beforeEach(async () => {
        await run({ profile: 0 });
        await run({ createIndexes: 'c', indexes: [{ key: { a: 1 }, name: 'a' }] });
        await run({ update: 'c', updates: [{ q: {}, u: { $set: { a: 1 } }, multi: true }] });
        await run({ profile: 2 });
      });

      /** 'LIMIT 1 < COLLSCAN 2': stages with what they have returned, from the root down. */
      const line = ({ stage, nReturned, inputStage }: Document): string =>
        `${String(stage)} ${String(nReturned)}${inputStage === undefined ? '' : ` < ${line(inputStage as Document)}`}`;

      for (const [command, expected] of [
        [{ find: 'c', filter: { _id: 1 } }, 'EXPRESS_IXSCAN 1'],
        [{ find: 'c', filter: { x: null }, limit: 2 }, 'LIMIT 2 < COLLSCAN 2'],
        [{ find: 'c', filter: { a: 1 }, projection: { a: 1, _id: 0 } }, 'PROJECTION_COVERED 3 < IXSCAN 3'],
        [{ find: 'c', filter: { a: 1 }, sort: { x: 1 }, skip: 1 }, 'SKIP 2 < SORT 3 < FETCH 3 < IXSCAN 3'],
        [{ find: 'none' }, 'EOF 0'],
        [{ count: 'c' }, 'RECORD_STORE_FAST_COUNT 0'],
        [{ count: 'c', query: { a: 1 } }, 'COUNT 0 < COUNT_SCAN 3'],
        [{ count: 'c', query: { x: null } }, 'COUNT 0 < COLLSCAN 3'],
        [{ distinct: 'c', key: 'a' }, 'PROJECTION_COVERED 1 < DISTINCT_SCAN 1'],
        [{ aggregate: 'c', pipeline: [{ $match: { a: 1 } }], cursor: {} }, 'FETCH 3 < IXSCAN 3'],
        [{ update: 'c', updates: [{ q: { _id: 1 }, u: { $set: { x: 1 } } }] }, 'EXPRESS_UPDATE 0'],
        [
          { update: 'c', updates: [{ q: { a: 1 }, u: { $set: { x: 1 } }, multi: true }] },
          'UPDATE 0 < FETCH 3 < IXSCAN 3',
        ],
        [{ delete: 'c', deletes: [{ q: { _id: 1 }, limit: 1 }] }, 'EXPRESS_DELETE 0'],
        [{ delete: 'c', deletes: [{ q: { a: 1 }, limit: 1 }] }, 'DELETE 0 < FETCH 1 < IXSCAN 1'],
        [{ delete: 'c', deletes: [{ q: { a: 1 }, limit: 0 }] }, 'BATCHED_DELETE 0 < FETCH 3 < IXSCAN 3'],
        [{ findAndModify: 'c', query: { _id: 1 }, remove: true }, 'EXPRESS_DELETE 1'],
        [
          { findAndModify: 'c', query: { a: 1 }, update: { $set: { x: 1 } } },
          'UPDATE 1 < FETCH 1 < IXSCAN 1',
        ],
      ] as const)
        it(JSON.stringify(command), async () => {
          await run(command);
          const [entry] = await entries();
          expect(line(entry!['execStats'] as Document)).to.equal(expected);
        });

      it('what an update has changed is told by its own counts', async () => {
        await run({ update: 'c', updates: [{ q: { a: 1 }, u: { $max: { _n: 1, a: 1 } }, multi: true }] });
        await run({ update: 'c', updates: [{ q: { a: 1 }, u: { $max: { _n: 1 } }, multi: true }] });
        await run({ update: 'c', updates: [{ q: { z: 1 }, u: { $set: { y: 1 } }, upsert: true }] });
        const found = (await entries()).map(({ execStats }) => execStats as Document);
        expect(
          found.map(({ nMatched, nWouldModify, nWouldUpsert }) => [nMatched, nWouldModify, nWouldUpsert]),
        ).to.deep.equal([
          [3, 3, 0],
          [3, 0, 0],
          [0, 0, 1],
        ]);
      });

      it('of a cursor since it was opened', async () => {
        const { cursor } = (await run({ find: 'c', batchSize: 1 })) as { cursor: Document };
        await run({ getMore: cursor['id'] as bigint, collection: 'c' });
        const found = (await entries()).map(({ execStats }) => line(execStats as Document));
        expect(found).to.deep.equal(['COLLSCAN 1', 'COLLSCAN 3']);
      });

      it('not of an insert', async () => {
        await run({ insert: 'c', documents: [{}] });
        const [entry] = await entries();
        expect(entry).not.to.have.property('execStats');
      });
    });

    it('tells the cursor that stays open, and what follows on it', async () => {
      const { cursor } = (await run({ find: 'c', batchSize: 1 })) as { cursor: Document };
      await run({ getMore: cursor['id'] as bigint, collection: 'c' });
      const [first, second] = await entries();
      expect(first).to.deep.include({ cursorid: cursor['id'], nreturned: 1 });
      expect(second).to.include({ op: 'getmore', ns: 'a.c', nreturned: 2, cursorExhausted: true });
    });

    describe('tells how it was found', () => {
      beforeEach(async () => {
        await run({ profile: 0 });
        await run({
          insert: 'd',
          documents: Array.from({ length: 10 }, (_, i) => ({ _id: i, a: i, b: i % 3 })),
        });
        await run({
          createIndexes: 'd',
          indexes: [
            { key: { a: 1 }, name: 'a_1' },
            { key: { u: -1 }, name: 'u', unique: true, sparse: true },
          ],
        });
        await run({ profile: 2 });
      });

      for (const [command, planSummary, keysExamined, docsExamined, more] of [
        [{ find: 'd' }, 'COLLSCAN', 0, 10, { queryFramework: 'classic' }],
        [{ find: 'd', filter: { a: { $gt: 6 } } }, 'IXSCAN { a: 1 }', 3, 3, {}],
        [{ find: 'd', filter: { a: 6 }, projection: { a: 1, _id: 0 } }, 'IXSCAN { a: 1 }', 1, 0, {}],
        [{ find: 'd', filter: { _id: 6 } }, 'EXPRESS_IXSCAN { _id: 1 }', 1, 1, { nreturned: 1 }],
        [{ find: 'd', filter: { _id: 77 } }, 'EXPRESS_IXSCAN { _id: 1 }', 0, 0, { nreturned: 0 }],
        [{ find: 'd', filter: { u: 'x' } }, 'EXPRESS_IXSCAN { u: -1 }', 0, 0, {}],
        [{ find: 'd', sort: { b: 1 } }, 'COLLSCAN', 0, 10, { hasSortStage: true }],
        [
          { find: 'd', filter: { $or: [{ a: 1 }, { _id: 3 }] } },
          'IXSCAN { _id: 1 }, IXSCAN { a: 1 }',
          2,
          2,
          {},
        ],
        [{ find: 'none' }, 'EOF', 0, 0, { nreturned: 0 }],
        [{ find: 'd', filter: { $alwaysFalse: 1 } }, 'EOF', 0, 0, {}],
        [{ aggregate: 'd', pipeline: [{ $match: { a: 1 } }], cursor: {} }, 'IXSCAN { a: 1 }', 1, 1, {}],
        [
          { aggregate: 'd', pipeline: [{ $group: { _id: '$b' } }, { $sort: { _id: 1 } }], cursor: {} },
          'COLLSCAN',
          0,
          10,
          { hasSortStage: true, nreturned: 3 },
        ],
        [
          {
            aggregate: 'd',
            pipeline: [{ $lookup: { from: 'd', localField: 'a', foreignField: 'a', as: 'x' } }],
            cursor: {},
          },
          'COLLSCAN',
          10,
          20,
          {},
        ],
        [{ count: 'd' }, 'RECORD_STORE_FAST_COUNT', 0, 0, {}],
        [{ count: 'd', query: { a: { $gt: 6 } } }, 'COUNT_SCAN { a: 1 }', 3, 0, {}],
        [{ count: 'd', query: { b: 1 } }, 'COLLSCAN', 0, 10, {}],
        [{ distinct: 'd', key: 'a' }, 'DISTINCT_SCAN { a: 1 }', 10, 0, {}],
        [{ distinct: 'd', key: 'b' }, 'COLLSCAN', 0, 10, {}],
        [
          { update: 'd', updates: [{ q: { _id: 1 }, u: { $set: { x: 1 } } }] },
          'EXPRESS_UPDATE { _id: 1 }',
          1,
          1,
          { nMatched: 1 },
        ],
        [
          { update: 'd', updates: [{ q: { a: { $gt: 6 } }, u: { $set: { x: 1 } }, multi: true }] },
          'IXSCAN { a: 1 }',
          3,
          3,
          { nMatched: 3, nModified: 3 },
        ],
        [
          { delete: 'd', deletes: [{ q: { _id: 1 }, limit: 1 }] },
          'EXPRESS_DELETE { _id: 1 }',
          1,
          1,
          { ndeleted: 1 },
        ],
        [{ delete: 'd', deletes: [{ q: { b: 1 }, limit: 0 }] }, 'COLLSCAN', 0, 10, { ndeleted: 3 }],
        [
          { findAndModify: 'd', query: { _id: 1 }, update: { $set: { x: 1 } } },
          'EXPRESS_UPDATE { _id: 1 }',
          1,
          1,
          { op: 'command', nMatched: 1, nModified: 1, nUpserted: 0, nreturned: 1 },
        ],
        [
          { findAndModify: 'd', query: { a: 6 }, update: { $set: { a: 6 } } },
          'IXSCAN { a: 1 }',
          1,
          1,
          { nMatched: 1, nModified: 0 },
        ],
        [
          { findAndModify: 'd', query: { _id: 50 }, update: { $set: { x: 1 } }, upsert: true },
          'EXPRESS_UPDATE { _id: 1 }',
          0,
          0,
          { nMatched: 0, nModified: 0, nUpserted: 1, nreturned: 0 },
        ],
        [
          { findAndModify: 'd', query: { a: 6 }, remove: true },
          'IXSCAN { a: 1 }',
          1,
          1,
          { ndeleted: 1, nreturned: 1 },
        ],
      ] as const)
        it(JSON.stringify(command), async () => {
          await run(command);
          const [entry] = await entries();
          expect(entry).to.deep.include({
            planSummary,
            keysExamined,
            docsExamined,
            ...more,
          });
          if (!('hasSortStage' in more)) expect(entry).not.to.have.property('hasSortStage');
        });

      it('of each batch by itself, with the command that opened the cursor', async () => {
        const { cursor } = (await run({ find: 'd', batchSize: 2 })) as { cursor: Document };
        await run({ getMore: cursor['id'] as bigint, collection: 'd', batchSize: 3 });
        await run({ getMore: cursor['id'] as bigint, collection: 'd' });
        const found = await entries();
        expect(found.map(({ docsExamined }) => Number(docsExamined))).to.deep.equal([2, 3, 5]);
        for (const { planSummary } of found) expect(planSummary).to.equal('COLLSCAN');
        expect(found[1]!['originatingCommand']).to.include({ find: 'd', batchSize: 2 });
        expect(found[0]).not.to.have.property('originatingCommand');
      });

      it('nothing where there is no plan', async () => {
        await run({ insert: 'd', documents: [{}] });
        const [entry] = await entries();
        for (const field of ['planSummary', 'keysExamined', 'queryFramework'])
          expect(entry).not.to.have.property(field);
      });

      it('and the error of a statement', async () => {
        await run({ insert: 'd', documents: [{ _id: 3 }] });
        const [entry] = await entries();
        expect(entry).to.include({ errName: 'DuplicateKey', errCode: 11000 });
        expect(entry!['errMsg']).to.match(/^E11000 duplicate key/);
      });
    });

    it('does not repeat what is long', async () => {
      await run({ find: 'c', filter: { text: 'x'.repeat(60_000) } });
      const [entry] = await entries();
      expect((entry!['command'] as Document)['$truncated']).to.have.length(50 * 1024);
    });

    it('keeps to its own database', async () => {
      await client.db('b').command({ ping: 1 });
      expect(await entries()).to.deep.equal([]);
    });

    it('ends with the database', async () => {
      await run({ dropDatabase: 1 });
      expect(await run({ profile: -1 })).to.include({ was: 0 });
      expect(await client.db('a').listCollections().toArray()).to.deep.equal([]);
    });
  });

  describe('at level 1', () => {
    it('writes what is slow', async () => {
      await run({ profile: 1, slowms: 1_000_000 });
      await run({ find: 'c' });
      expect(await entries()).to.deep.equal([]);
      await run({ profile: 1, slowms: -1 });
      await run({ find: 'c' });
      expect(await entries()).to.have.length(1);
    });

    it('of that the share that is asked for', async () => {
      await run({ profile: 1, slowms: -1, sampleRate: 0 });
      await run({ find: 'c' });
      expect(await entries()).to.deep.equal([]);
    });

    it('or what a filter wants', async () => {
      await run({ profile: 1, slowms: -1, filter: { op: 'remove', ndeleted: 1 } });
      await run({ delete: 'c', deletes: [{ q: { _id: 9 }, limit: 1 }] });
      await run({ delete: 'c', deletes: [{ q: { _id: 1 }, limit: 1 }] });
      expect(await entries()).to.have.length(1);
      expect(await run({ profile: -1 })).to.deep.include({ filter: { op: 'remove', ndeleted: 1 } });
      await run({ profile: 1, filter: 'unset' });
      expect(await run({ profile: -1 })).not.to.have.property('filter');
    });

    it('a filter that is none is refused', async () =>
      expect(await failure({ profile: 1, filter: { $x: 1 } })).to.have.property('code', 2));
  });

  it('nobody else writes there, nor drops it meanwhile', async () => {
    await run({ profile: 2 });
    for (const [command, code] of [
      [{ drop: 'system.profile' }, 20],
      [{ insert: 'system.profile', documents: [{}] }, 73],
      [{ delete: 'system.profile', deletes: [{ q: {}, limit: 0 }] }, 73],
    ] as const)
      expect(await failure(command), JSON.stringify(command)).to.have.property('code', code);
    await run({ profile: 0 });
    expect(await run({ drop: 'system.profile' })).to.include({ ok: 1 });
  });

  describe('the log', () => {
    const slow = async (): Promise<Document[]> => {
      const { log } = await client.db('admin').command({ getLog: 'global' });
      return (log as string[])
        .map((line) => JSON.parse(line) as Document)
        .filter(
          ({ msg, attr }) => msg === 'Slow query' && 'find' in ((attr as Document)['command'] as Document),
        );
    };

    it('has what was slow, whatever the level', async () => {
      await run({ profile: 0, slowms: 1_000_000 });
      await run({ find: 'c' });
      expect(await slow()).to.deep.equal([]);
      await run({ profile: 0, slowms: -1 });
      await run({ find: 'c', filter: { _id: { $gte: 2 } } });
      await run({ profile: 0, slowms: 1_000_000 });
      const [line, ...others] = await slow();
      expect(others).to.deep.equal([]);
      expect(line).to.include({ c: 'COMMAND', s: 'I' });
      expect(line!['attr']).to.deep.include({
        type: 'command',
        planSummary: 'IXSCAN { _id: 1 }',
        keysExamined: 2,
        docsExamined: 2,
        nreturned: 2,
        numYields: 0,
        cursorExhausted: true,
      });
      expect(line!['attr']).to.include.keys('durationMillis', 'reslen', 'command');
    });

    it('has regular expressions with their options', async () => {
      await run({ profile: 0, slowms: -1 });
      await run({ find: 'c', filter: { a: new BSONRegExp('^a', 'imsx') } });
      await run({ profile: 0, slowms: 1_000_000 });
      const [line] = await slow();
      expect((line!['attr'] as Document)['command']).to.deep.include({
        filter: { a: { $regularExpression: { pattern: '^a', options: 'imsx' } } },
      });
    });
  });
});
