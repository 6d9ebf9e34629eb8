/** Real data, beside the project on some machines only: every dump restores, data sets go in and out unchanged. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { projectFolder } from '../../support/source-tree.js';
import { elmo, usePlace } from '../fixture.js';

const data = join(projectFolder(), '..', 'shared', 'data');
const dumps = join(data, 'dumps');
const tools = join(dumps, 'mongo-tools', 'mongorestore');
const bsondump = join(dumps, 'mongo-tools', 'bsondump');

describe('real data', function () {
  this.timeout(60_000);
  const place = usePlace();
  before(function () {
    if (!existsSync(data)) this.skip(); // not beside the project
  });

  for (const [what, documents, ...argv] of [
    ['an archive of sales', 5000, '--archive', join(dumps, 'archives', 'sample_supplies.archive.gz')],
    [
      'an archive of shipwrecks',
      11_095,
      '--archive',
      join(dumps, 'archives', 'sample_geospatial.archive.gz'),
    ],
    ['an archive with an oplog', 25, '--archive', join(tools, 'dump-w-oplog.archive')],
    ['an archive of buckets', 1000, '--archive', join(tools, 'timeseries_tests', 'dump.archive')],
    ['a folder', 2246, join(dumps, 'atlas-folder-plain')],
    ['a packed folder', 9033, join(dumps, 'library-gzip')],
    ['a folder of 2014', 6180, join(dumps, 'sakila-2014')],
    ['a folder of buckets', 1000, join(tools, 'timeseries_tests', 'ts_dump')],
    [
      'one file of buckets',
      1000,
      join(tools, 'timeseries_tests', 'ts_dump', 'timeseries_test', 'system.buckets.foo_ts.bson'),
    ],
    ['names with special characters', 1, join(tools, 'specialcharacter')],
    ['every type', 20, join(bsondump, 'all_types.bson')],
    ['indexes of all kinds of hashes', 2, join(tools, 'hashedIndexes.bson')],
  ] as const)
    it(`restores ${what}`, async () => {
      const { code, out, err } = await elmo('restore', ':memory:', ...argv);
      expect([code, err]).to.deep.equal([0, '']);
      expect(out).to.match(new RegExp(`^${documents.toLocaleString('en-US')} documents? `));
    });

  for (const [what, message, ...argv] of [
    [
      'an archive with broken metadata',
      'its metadata cannot be read',
      '--archive',
      join(tools, 'bad-format.archive'),
    ],
    ['a text without its end', 'document 1 is left out: a text', join(bsondump, 'bad_cstring.bson')],
    ['a type that is none', 'unknown type 0xaa', join(bsondump, 'bad_type.bson')],
    [
      'half a file',
      'byte 164: the input ends in the middle of a document',
      join(bsondump, 'partial_file.bson'),
    ],
    ['chance', 'byte 0: a document of 1625369376 bytes cannot be', join(bsondump, 'random_bytes.bson')],
    [
      'buckets that are none',
      'it is no bucket of a time-series collection',
      join(tools, 'timeseries_tests', 'ts_dump_invalid_buckets'),
    ],
    ['an index that the data contradict', 'index a_1: E11000', join(tools, 'duplicate_index_key_with_oplog')],
  ] as const)
    it(`tells of ${what}`, async () => {
      const { code, err } = await elmo('restore', ':memory:', ...argv);
      expect(code).to.equal(1);
      expect(err).to.contain(message).and.not.to.contain('    at ');
    });

  for (const folder of ['small', 'sample_mflix', 'sample_analytics', 'countries', 'sample_guides'])
    it(`${folder}: in, out, in and out again`, async () => {
      for (const name of readdirSync(join(data, folder)).filter((file) => file.endsWith('.ndjson.gz'))) {
        const source = join(data, folder, name);
        const lines = gunzipSync(readFileSync(source)).toString().split('\n').length - 1;
        const [file, first, second] = ['a.elmo', 'first.json', 'second.json'].map((one) => place.path(one));
        const out = await elmo('import', file!, 'x.a', source, '--drop');
        expect([out.code, out.err]).to.deep.equal([0, '']);
        expect(out.out).to.match(new RegExp(`^${lines.toLocaleString('en-US')} documents? `));
        await elmo('export', file!, 'x.a', first!, '--jsonFormat', 'canonical');
        await elmo('import', file!, 'x.a', first!, '--drop');
        await elmo('export', file!, 'x.a', second!, '--jsonFormat', 'canonical');
        expect(readFileSync(second!).equals(readFileSync(first!)), name).to.equal(true);
      }
    });
});
