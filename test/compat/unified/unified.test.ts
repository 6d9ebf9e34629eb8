/** The drivers' own specification tests, in process. They lie beside the project and are skipped where they do not. */
import { runUnified } from './runner.js';
import { describeSpecs } from './specs.js';

describe('the specification tests of drivers', () => {
  describeSpecs({
    suites: [
      'crud',
      'collection-management',
      'index-management',
      'gridfs',
      'sessions',
      'run-command',
      'read-write-concern',
    ],
    otherwise: [
      [
        /\$listLocalSessions|db-aggregate-write-readPreference|db-aggregate-rawdata/,
        'sessions are not kept in a cache that a stage could list',
      ],
      [/rawData/, 'there are no buckets below time series, so nothing raw to show'],
      [
        /timeseries-collection: insertMany with duplicate ids/,
        'a time series collection is stored like others, with a unique _id',
      ],
      [/readConcern linearizable with out stage/, 'inside the process every read is linearizable'],
    ],
    run: (file, test) => runUnified(file, test),
  });
});
