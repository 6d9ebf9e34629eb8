/** Archives: one stream with everything of a dump, as mongodump makes them, there and back. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { deserialize } from 'bson';
import { expect } from 'chai';
import { Double, Long } from '../../../elmo/index.js';
import { connect } from '../../../server-compat/index.js';
import { elmo, spawnElmo, usePlace } from '../fixture.js';

/** Every document of an archive, in order, null for a terminator, by another reader of BSON. */
function itemsOf(archive: Uint8Array): (Record<string, unknown> | null)[] {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.length);
  expect(view.getUint32(0, true)).to.equal(0x8199e26d);
  const items: (Record<string, unknown> | null)[] = [];
  for (let at = 4; at < archive.length;) {
    const length = view.getInt32(at, true);
    items.push(length === -1 ? null : deserialize(archive.subarray(at, at + length)));
    at += length === -1 ? 4 : length;
  }
  return items;
}

describe('elmo dump --archive and restore --archive', () => {
  const place = usePlace();
  const archive = (): string => place.path('a.archive');

  beforeEach(async () => {
    const client = await connect(place.path('a.elmo'));
    const db = client.db('shop');
    const orders = await db.createCollection('orders', {
      collation: { locale: 'de', strength: 1 },
      validator: { n: { $gte: 0 } },
    });
    await orders.insertMany([{ n: Long.fromNumber(1) }, { n: 2 }, { n: new Double(3) }]);
    await orders.createIndex({ n: -1 }, { unique: true, partialFilterExpression: { n: { $gt: 0 } } });
    await db.createCollection('log', { capped: true, size: 4096, max: 10 });
    await db.createCollection('large', { viewOn: 'orders', pipeline: [{ $match: { n: { $gt: 1 } } }] });
    await client.db('other').collection('empty').createIndex({ a: 1 }, { expireAfterSeconds: 60 });
    const series = await db.createCollection('series', {
      timeseries: { timeField: 'at', metaField: 'from', granularity: 'minutes' },
    });
    await series.insertMany(
      Array.from({ length: 2500 }, (_, i) => ({
        at: new Date(1.6e12 + i * 1000),
        i,
        from: { sensor: i % 2 },
        ...(i % 3 === 0 ? {} : { t: i / 2, where: { x: i } }),
      })),
    );
    await client.close();
  });

  it('has header, prelude and blocks that another reader understands', async () => {
    const { code, out, err } = await elmo('dump', place.path('a.elmo'), `--archive=${archive()}`);
    expect([code, err]).to.deep.equal([0, '']);
    expect(out).to.match(/^2,503 documents of 5 collections dumped to .*a\.archive/);
    const [header, ...items] = itemsOf(readFileSync(archive()));
    expect(header).to.include({ concurrent_collections: 1, version: '0.1' });
    const prelude = items.slice(0, items.indexOf(null)) as Record<string, unknown>[];
    expect(prelude.map(({ db, collection, type }) => [db, collection, type])).to.deep.equal([
      ['other', 'empty', 'collection'],
      ['shop', 'large', 'view'],
      ['shop', 'log', 'collection'],
      ['shop', 'orders', 'collection'],
      ['shop', 'series', 'timeseries'],
    ]);
    const orders = JSON.parse(prelude[3]!['metadata'] as string) as {
      collectionName: string;
      indexes: unknown[];
    };
    expect([orders.collectionName, orders.indexes.length]).to.deep.equal(['orders', 2]);
    const begin = items.findIndex((item) => item?.['collection'] === 'orders' && item['EOF'] === false);
    expect(items.slice(begin + 1, begin + 4).map((item) => item!['n'])).to.deep.equal([1, 2, 3]);
    expect(items[begin + 4]).to.equal(null);
    expect(items[begin + 5]).to.include({ db: 'shop', collection: 'orders', EOF: true });
    expect(items.at(-1)).to.equal(null);
  });

  it('buckets of a time-series collection tell what is in them', async () => {
    await elmo('dump', place.path('a.elmo'), `--archive=${archive()}`);
    const buckets = itemsOf(readFileSync(archive())).filter((item) => item?.['control'] !== undefined);
    expect(buckets.length).to.equal(4); // 1,250 measurements of each sensor, 1,000 a bucket
    const { control, meta, data } = buckets[0] as Record<string, Record<string, Record<string, unknown>>>;
    expect(meta).to.deep.equal({ sensor: 0 });
    expect(control!['min']).to.deep.include({
      i: 0,
      at: new Date(1.6e12 - (1.6e12 % 3.6e6)),
      t: 1,
      where: { x: 2 },
    });
    expect(control!['max']).to.deep.include({ i: 1998, t: 998, where: { x: 1996 } });
    expect(Object.keys(data!['at']!).length).to.equal(1000);
    expect(Object.keys(data!['t']!).slice(0, 3)).to.deep.equal(['1', '2', '4']);
  });

  for (const flags of [[], ['--gzip']])
    it(`keeps documents, options and indexes ${flags.join(' ')}`, async () => {
      await elmo('dump', place.path('a.elmo'), `--archive=${archive()}`, ...flags);
      expect(readFileSync(archive())[0]).to.equal(flags.length === 0 ? 0x6d : 0x1f);
      const back = await elmo('restore', place.path('b.elmo'), `--archive=${archive()}`, ...flags);
      expect([back.code, back.err]).to.deep.equal([0, '']);
      expect(back.out).to.match(/^2,503 documents of 5 collections restored/);
      const [before, after] = await Promise.all(
        ['a', 'b'].map((name) => everythingIn(place.path(`${name}.elmo`))),
      );
      expect(after).to.deep.equal(before);
    });

  it('goes through pipes', async () => {
    const dumped = await spawnElmo(['dump', place.path('a.elmo'), '--archive', '--gzip', '-d', 'other']);
    expect([dumped.code, dumped.err]).to.match(/^0,0 documents of 1 collection dumped to standard output/);
    expect(itemsOf(gunzipSync(dumped.bytes))[1]).to.include({ db: 'other', collection: 'empty' });
    const back = await spawnElmo(['restore', place.path('b.elmo'), '--archive'], dumped.bytes);
    expect([back.code, back.out]).to.match(/^0,0 documents of 1 collection restored/);
  });

  it('takes a part, under another name', async () => {
    await elmo('dump', place.path('a.elmo'), `--archive=${archive()}`);
    const flags = [
      '--nsInclude',
      'shop.*',
      '--nsExclude',
      'shop.l*',
      '--nsFrom',
      'shop.$any$',
      '--nsTo',
      'copy.of_$any$',
    ];
    await elmo('restore', place.path('b.elmo'), `--archive=${archive()}`, ...flags);
    const stats = JSON.parse((await elmo('stats', place.path('b.elmo'), '--json')).out) as {
      collections: { namespace: string; documents: number }[];
    };
    expect(stats.collections.map(({ namespace, documents }) => [namespace, documents])).to.deep.equal([
      ['copy.of_orders', 3],
      ['copy.of_series', 2500],
    ]);
  });

  describe('what is damaged is told', () => {
    let whole: Buffer;

    beforeEach(async () => {
      await elmo('dump', place.path('a.elmo'), `--archive=${archive()}`, '-d', 'shop', '-c', 'orders');
      whole = readFileSync(archive());
    });

    const TERMINATOR = Buffer.alloc(4, 0xff);
    for (const [what, damage, documents, message] of [
      ['another kind of file', () => Buffer.from('{"a": 1}\n'), 0, 'does not begin with 6d e2 99 81'],
      ['an empty file', () => Buffer.alloc(0), 0, 'does not begin with 6d e2 99 81'],
      [
        'half an archive',
        (bytes: Buffer) => bytes.subarray(0, bytes.lastIndexOf(TERMINATOR, bytes.length - 5) + 4),
        3,
        'the archive ends in the middle of shop.orders',
      ],
      [
        'half a document',
        (bytes: Buffer) => bytes.subarray(0, bytes.indexOf('n\0', bytes.lastIndexOf('_id')) + 4),
        2,
        'the input ends in the middle of a document',
      ],
      [
        'a changed byte',
        (bytes: Buffer) => flip(bytes, bytes.lastIndexOf('_id\0') + 5),
        3,
        'the checksum of its documents is another one',
      ],
      ['a damaged header', (bytes: Buffer) => flip(bytes, 8), 0, 'the archive is damaged'],
    ] as const)
      it(what, async () => {
        writeFileSync(archive(), damage(whole));
        const { code, out, err } = await elmo('restore', place.path('b.elmo'), `--archive=${archive()}`);
        expect(code).to.equal(1);
        expect(err).to.contain(message);
        expect(err).not.to.contain('    at ');
        if (documents > 0) expect(out).to.match(new RegExp(`^${documents} documents`));
      });
  });

  it('leaves what was there when it cannot be written', async () => {
    writeFileSync(archive(), 'before');
    const { code, err } = await elmo('dump', place.path('a.elmo'), `--archive=${join(archive(), 'under')}`);
    expect(code).to.equal(1);
    expect(err).to.match(/^error: cannot write '.*under': what it should lie in is no folder/);
    expect(readFileSync(archive(), 'utf8')).to.equal('before');
  });
});

function flip(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at]! ^= 0xff;
  return changed;
}

/** Documents, options and indexes of all collections. */
async function everythingIn(file: string): Promise<unknown[]> {
  const client = await connect(file, { promoteValues: false });
  const all: unknown[] = [];
  for (const db of ['shop', 'other'])
    for (const { name, type, ...info } of await client.db(db).listCollections().toArray()) {
      const collection = client.db(db).collection(name);
      const documents = await collection.find().sort({ _id: 1 }).toArray();
      const indexes = type === 'view' ? [] : await collection.indexes();
      all.push({ name, type, options: (info as { options?: unknown }).options, documents, indexes });
    }
  await client.close();
  return all;
}
