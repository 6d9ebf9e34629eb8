/**
 * The data sets and dumps beside the project, through the command: what is imported, exported and imported again is the same
 * byte by byte; every dump is restored, and what is wrong in some of them is told. Of the data sets the small files count;
 * `ROUND_TRIP=whole` in the environment takes all.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { calculateObjectSize, deserialize, EJSON, type Document } from 'bson';
import { expect } from 'chai';
import { projectFolder } from '../support/source-tree.js';
import { elmo, usePlace, type Place } from './fixture.js';

const FOLDER = join(projectFolder(), '..', 'shared', 'data');
const DUMPS = join(FOLDER, 'dumps');
const MOST_BYTES = process.env['ROUND_TRIP'] === 'whole' ? Infinity : 20_000;

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)],
  );
}

function unpacked(path: string): Buffer {
  const bytes = readFileSync(path);
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
}

/** Read with the package `bson` alone, every type kept. */
function canonicalLines(bytes: Buffer): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readInt32LE(at);
    const raw = bytes.subarray(at, at + length);
    const document = deserialize(raw, { promoteValues: false, bsonRegExp: true });
    expect(calculateObjectSize(document)).to.equal(length);
    lines.push(EJSON.stringify(document, { relaxed: false }));
    at += length;
  }
  return lines;
}

function needData(): void {
  before(function () {
    if (existsSync(FOLDER)) return;
    process.stdout.write('    (skipped: ../shared/data is not there)\n');
    this.skip();
  });
}

describe('data sets beside the project, in and out', () => {
  needData();
  const place = usePlace();
  const sets = existsSync(FOLDER)
    ? filesBelow(FOLDER).filter(
        (path) =>
          /\.(ndjson|csv|tsv)(\.gz)?$/.test(path) &&
          !path.startsWith(DUMPS) &&
          statSync(path).size < MOST_BYTES,
      )
    : [];

  for (const path of sets)
    it(path.slice(FOLDER.length + 1), async () => {
      const file = place.path('a.elmo');
      const isTable = !path.includes('ndjson');
      const columns = unpacked(path).subarray(0, 2000).toString().split('\n')[0]!.split('\t');
      const fields = isTable ? ['--fields', columns.map((_name, i) => `c${i}`).join(',')] : [];
      const first = await elmo('import', file, 'd.a', path, ...fields);
      expect([first.code, first.err]).to.deep.equal([0, '']);
      const out = place.path('out.ndjson.gz');
      expect((await elmo('export', file, 'd.a', out, '--jsonFormat', 'canonical')).code).to.equal(0);
      const again = await elmo('import', file, 'd.b', out);
      expect([again.code, again.err]).to.deep.equal([0, '']);
      expect((await elmo('dump', file, place.path('dump'))).code).to.equal(0);
      const [given, found] = ['a', 'b'].map((name) =>
        readFileSync(join(place.path('dump'), 'd', `${name}.bson`)),
      );
      expect(found!.equals(given!)).to.equal(true);
      const lines = unpacked(out).toString().trimEnd().split('\n');
      expect(canonicalLines(found!).join('\n') === lines.join('\n')).to.equal(true);
    }).timeout(600_000);
});

/** What is told of dumps in which something is wrong on purpose, or needs what is not there: each line begins so. */
const FAULTS: Readonly<Record<string, readonly RegExp[]>> = {
  'atlas-folder-gzip': [/shipwrecks: index coordinates_2dsphere/, /theaters: index geo index/],
  'index-metadata': [
    /address\.location_2dsphere/,
    /coordinates_2dsphere/,
    /cast_text_fullplot_text_genres_text_title_text/,
    /geo index/,
  ],
  bsondump: [
    /bad_cstring: document \d+ is left out: .* at byte 37/,
    /bad_type: document \d+ is left out: unknown type 0xaa, at byte 24/,
    /deep_nested: document \d+ is left out: nested too deep/,
    /invalid_field_name\.bson: byte 283: the input ends in the middle of a document/,
    /partial_file\.bson: byte 164: the input ends in the middle of a document/,
    /random_bytes\.bson: byte 0: a document of 1625369376 bytes cannot be/,
  ],
  coll_with_geohaystack_index: [/index f_1: .*GeoHaystack/],
  duplicate_index_key: [/index foo_: /, /index foo_1: Index already exists/],
  duplicate_index_key_with_oplog: [/index a_1: E11000/],
  indextestdump: [/index a_1_b_true: /],
  // three dumps of one collection, in folders beside each other
  prelude_test: [/E11000/, /E11000/, /E11000/],
  // buckets of which not one is one, and a file of buckets without what tells of them
  timeseries_tests: [
    ...new Array<RegExp>(5).fill(/it is no bucket of a time-series collection/),
    /system\.buckets\.foo_ts\.bson: foo_ts\.metadata\.json, which tells what its buckets are, is not beside it/,
  ],
  'bad-format.archive': [/test\.ixtest: its metadata cannot be read/],
};
/** How far it is, and how to go on. */
const NO_FAULT = /^$|^restoring: |^all that could be read is there|^[\d,]+ were there already/;

async function restored(place: Place, path: string, ...argv: readonly string[]): Promise<void> {
  const { code, err, out } = await elmo('restore', place.path('b.elmo'), ...argv);
  const faults = FAULTS[basename(path)] ?? [];
  const told = err.split('\n').filter((line) => !NO_FAULT.test(line));
  expect(told.length, err).to.equal(faults.length);
  for (const [i, fault] of faults.entries()) expect(told[i]).to.match(fault);
  expect(code).to.equal(faults.length === 0 ? 0 : 1);
  expect(out).to.match(/^[\d,]+ documents? of [\d,]+ collections? restored/);
  expect((await elmo('check', place.path('b.elmo'))).code).to.equal(0);
}

describe('dumps beside the project', () => {
  needData();
  const place = usePlace();
  const there = existsSync(DUMPS);
  const folder = (name: string): string[] =>
    readdirSync(join(DUMPS, name), { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? [join(DUMPS, name, entry.name)] : [],
    );
  const folders = there
    ? [...folder('.'), ...folder('mongo-tools'), ...folder('mongo-tools/mongorestore')]
    : [];

  for (const path of folders.filter(
    (name) => !/\/(archives|mongo-tools|mongorestore|mongoimport)$/.test(name),
  ))
    it(path.slice(DUMPS.length + 1), async () => {
      await restored(place, path, path);
      if (FAULTS[basename(path)] !== undefined) return;
      await elmo('dump', place.path('b.elmo'), place.path('dump'));
      const ours = new Map(
        existsSync(place.path('dump'))
          ? filesBelow(place.path('dump')).map((own) => [basename(own), own])
          : [],
      );
      for (const given of filesBelow(path)) {
        const own = ours.get(basename(given).replace(/\.gz$/, ''));
        if (own === undefined || !/\.bson(\.gz)?$/.test(given)) continue;
        const [before, after] = [unpacked(given), readFileSync(own)];
        expect(after.equals(before) || holdSame(before, after), given).to.equal(true);
      }
    }).timeout(60_000);

  for (const path of there ? filesBelow(DUMPS).filter((name) => /\.archive(\.gz)?$/.test(name)) : [])
    it(path.slice(DUMPS.length + 1), () => restored(place, path, `--archive=${path}`)).timeout(60_000);
});

/**
 * Whether both hold the same documents, in any order: those of several databases may have one name. They are stored with
 * their `_id` in front, and those without one get one.
 */
function holdSame(before: Buffer, after: Buffer): boolean {
  const given = canonicalLines(before).map((line) => EJSON.parse(line, { relaxed: false }) as Document);
  const hasIds = given.every((document) => '_id' in document);
  const lines = given.map(({ _id, ...rest }) =>
    JSON.stringify(EJSON.serialize(hasIds ? { _id, ...rest } : rest, { relaxed: false })),
  );
  const found = canonicalLines(after).map((line) => {
    const { _id, ...rest } = EJSON.parse(line, { relaxed: false }) as Document;
    return JSON.stringify(EJSON.serialize(hasIds ? { _id, ...rest } : rest, { relaxed: false }));
  });
  return lines.sort().join('\n') === found.sort().join('\n');
}
