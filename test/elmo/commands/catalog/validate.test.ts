import { expect } from 'chai';
import type { Document } from '../../../../index.js';
import { connect, type ElmoClient } from '../../../../server-compat/index.js';

describe('elmo/commands/catalog/validate', () => {
  let client: ElmoClient;
  const run = (command: Document): Promise<Document> => client.db('a').command(command);

  before(async () => {
    client = await connect(':memory:');
    await run({ insert: 'c', documents: [{ a: [1, 2] }, { a: 3 }] });
    await run({ createIndexes: 'c', indexes: [{ key: { a: 1 }, name: 'a' }] });
    await run({ create: 'v', viewOn: 'c' });
  });
  after(() => client.close());

  for (const more of [{}, { full: true }, { checkBSONConformance: true }, { repair: true }, { unknown: 1 }])
    it(`finds nothing wrong: ${JSON.stringify(more)}`, async () => {
      const found = await run({ validate: 'c', ...more });
      expect(found).to.include({ valid: true, repaired: false, ns: 'a.c', nrecords: 2, nIndexes: 2 });
      expect(found).to.deep.include({ errors: [], keysPerIndex: { _id_: 2, a: 3 } });
      expect(found.indexDetails.a).to.include({ valid: true, isMultikey: true });
    });

  it('an index that is the collection itself does not count', async () => {
    await run({ create: 'k', clusteredIndex: { key: { _id: 1 }, unique: true, name: 'x\0y' } });
    await run({ insert: 'k', documents: [{ a: 1 }] });
    expect(await run({ validate: 'k' })).to.deep.include({
      nrecords: 1,
      nIndexes: 0,
      keysPerIndex: {},
      indexDetails: {},
    });
    await run({ createIndexes: 'k', indexes: [{ key: { a: 1 }, name: 'a' }] });
    const found = await run({ validate: 'k' });
    expect(found).to.deep.include({ nrecords: 1, nIndexes: 1, keysPerIndex: { a: 1 } });
    expect(found.indexDetails).to.have.all.keys('a');
    await run({ create: 't', timeseries: { timeField: 't' } });
    expect(await run({ validate: 't' })).to.deep.include({ nIndexes: 0, keysPerIndex: {} });
  });

  it('metadata alone reads no document', async () => {
    const found = await run({ validate: 'c', metadata: true });
    expect(found).to.not.have.property('nrecords');
    expect(found).to.deep.include({ valid: true, keysPerIndex: { _id_: 0, a: 0 } });
  });

  for (const [command, code] of [
    [{ validate: 'none' }, 26],
    [{ validate: 'v' }, 166],
    [{ validate: '' }, 73],
    [{ validate: 1 }, 73],
    [{ validate: 'c', full: true, background: true }, 72],
    [{ validate: 'c', full: true, metadata: true }, 72],
    [{ validate: 'c', repair: true, checkBSONConformance: true }, 72],
  ] as const)
    it(`${JSON.stringify(command)} gives ${code}`, async () =>
      expect(await run(command).catch((thrown: unknown) => thrown)).to.have.property('code', code));
});

describe('elmo/commands/diagnostics/database-metadata', () => {
  let client: ElmoClient;
  const run = (command: Document): Promise<Document> => client.db('a').command(command);
  const apiParameters = { version: '1', strict: true };

  before(async () => {
    client = await connect(':memory:');
    await run({ createIndexes: 'c', indexes: [{ key: { a: 1 }, name: 's', sparse: true }] });
    await run({ createIndexes: 'd', indexes: [{ key: { a: 1 }, name: 'd' }] });
  });
  after(() => client.close());

  it('tells of indexes that version 1 does not know', async () => {
    const { apiVersionErrors } = await run({ validateDBMetadata: 1, apiParameters });
    expect(apiVersionErrors).to.deep.equal([
      {
        ns: 'a.c',
        code: 323,
        codeName: 'APIStrictError',
        errmsg: 'The index with name s is not allowed in API version 1.',
      },
    ]);
  });
  for (const [why, more] of [
    ['of another collection', { collection: 'd', apiParameters }],
    ['of another database', { db: 'b', apiParameters }],
    ['when it need not be strict', { apiParameters: { version: '1' } }],
  ] as const)
    it(`finds nothing ${why}`, async () =>
      expect(await run({ validateDBMetadata: 1, ...more })).to.deep.include({ apiVersionErrors: [] }));

  for (const [parameters, code] of [
    [undefined, 40414],
    [{}, 40414],
    [{ version: '1', strict: null }, 14],
    [{ version: '2' }, 322],
  ] as const)
    it(`refuses ${JSON.stringify(parameters)}`, async () =>
      expect(
        await run({
          validateDBMetadata: 1,
          ...(parameters === undefined ? {} : { apiParameters: parameters }),
        }).catch((thrown: unknown) => thrown),
      ).to.have.property('code', code));
});
