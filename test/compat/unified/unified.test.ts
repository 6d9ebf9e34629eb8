/** The drivers' own specification tests, in process. They lie beside the project and are skipped where they do not. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { EJSON } from '../../../elmo/index.js';
import { projectFolder } from '../../support/source-tree.js';
import { Unsupported } from './operations.js';
import { isWanted, runUnified, type UnifiedFile } from './runner.js';

const FOLDER = join(projectFolder(), '../shared/data/driver-specs');
const SUITES = [
  'crud',
  'collection-management',
  'index-management',
  'gridfs',
  'sessions',
  'run-command',
  'read-write-concern',
];

/** What is decided to be otherwise, and why. */
const OTHERWISE: readonly (readonly [RegExp, string])[] = [
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
];

function jsonFiles(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) return jsonFiles(path);
      return name.endsWith('.json') ? [path] : [];
    });
}

describe('the specification tests of drivers', () => {
  if (!existsSync(FOLDER)) {
    it('are not beside the project', function () {
      this.skip();
    });
    return;
  }
  for (const suite of SUITES)
    describe(suite, () => {
      for (const path of jsonFiles(join(FOLDER, suite))) {
        const file = EJSON.parse(readFileSync(path, 'utf8'), { relaxed: true }) as UnifiedFile;
        if (file.tests === undefined || file.description === undefined || !isWanted(file.runOnRequirements))
          continue;
        for (const test of file.tests) {
          if (
            test.skipReason !== undefined ||
            !isWanted(test.runOnRequirements) ||
            test.operations === undefined
          )
            continue;
          const title = `${file.description}: ${test.description}`;
          it(title, async function () {
            if (OTHERWISE.some(([pattern]) => pattern.test(title))) this.skip();
            try {
              await runUnified(file, test);
            } catch (error) {
              if (error instanceof Unsupported) this.skip();
              throw error;
            }
          });
        }
      }
    });
});
