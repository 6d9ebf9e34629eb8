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
          it(`${file.description}: ${test.description}`, async function () {
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
