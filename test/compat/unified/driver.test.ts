/** The drivers' own specification tests, by the official driver and a server of ours. */
import { GridFSBucket, MongoClient, type MongoClientOptions } from 'mongodb';
import type { Document, ElmoClient } from '../../../elmo/index.js';
import { connect } from '../../../index.js';
import type { ServerOptions, WireServer } from '../../../index.js';
import { runUnified, type Subject } from './runner.js';
import { describeSpecs } from './specs.js';

const NO_SESSION_CACHE = 'sessions are not kept in a cache that a stage could list';

describe('the specification tests of drivers, by the official driver', function () {
  this.timeout(10_000);
  let server: WireServer;
  let holder: Awaited<ReturnType<typeof connect>>;

  before(async () => {
    const options: ServerOptions = { port: 0, enableTestCommands: true };
    holder = await connect(':memory:', { worker: false });
    server = await holder.listen(options);
  });
  after(() => holder.close());

  /** Every test has clients of its own. Objects of the driver stand for ours. */
  async function driverSubject(): Promise<Subject> {
    const clients: MongoClient[] = [];
    const open = (definition: Document): ElmoClient => {
      const options: MongoClientOptions = {
        ...(definition['uriOptions'] as object | undefined),
        ...(definition['serverApi'] === undefined ? {} : { serverApi: definition['serverApi'] as never }),
      };
      const client = new MongoClient(server.uri, options);
      clients.push(client);
      return client as unknown as ElmoClient;
    };
    const own = open({});
    const admin = (own as unknown as MongoClient).db('admin');
    let hasFailPoint = false;
    await admin.command({ ping: 1 });
    return {
      client: own,
      open,
      bucket: (db, options) => new GridFSBucket(db, options),
      async failPoint(command) {
        hasFailPoint = true;
        await admin.command(command);
      },
      async close() {
        if (hasFailPoint) await admin.command({ configureFailPoint: 'failCommand', mode: 'off' });
        await Promise.all(clients.map((client) => client.close()));
      },
    };
  }

  describeSpecs({
    suites: [
      'crud',
      'collection-management',
      'index-management',
      'gridfs',
      'sessions',
      'run-command',
      'read-write-concern',
      'versioned-api',
    ],
    otherwise: [
      [/\$listLocalSessions|db-aggregate-write-readPreference|db-aggregate-rawdata/, NO_SESSION_CACHE],
      [/aggregate on database appends declared API version$/, NO_SESSION_CACHE],
      [/rawData/, 'there are no buckets below time series, so nothing raw to show'],
      [/timeseries-collection: insertMany with duplicate/, 'a time series collection has a unique _id'],
      [/create-null-ids/, 'the driver makes an _id where it is null'],
      [/deleteByName|renameByName/, 'the driver has no such methods'],
      [/gridfs-download: download when final chunk/, 'the driver does not notice'],
      [/client bulkWrite (errorResponse|errors: a top-level)/, 'the driver wraps the error'],
      [/client bulkWrite partial results: partialResult is unset/, 'the driver tells counts of nothing'],
    ],
    run: (file, test) => runUnified(file, test, driverSubject),
  });
});
