/** The drivers' specification tests that lie beside the project, where they do. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { EJSON } from '../../../elmo/index.js';
import { projectFolder } from '../../support/source-tree.js';
import { Unsupported } from './operations.js';
import { isWanted, type UnifiedFile, type UnifiedTest } from './runner.js';

const FOLDER = join(projectFolder(), '../shared/data/driver-specs');

function jsonFiles(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) return jsonFiles(path);
      return name.endsWith('.json') ? [path] : [];
    });
}

function readFile(path: string): UnifiedFile | undefined {
  const file = EJSON.parse(readFileSync(path, 'utf8'), { relaxed: true }) as UnifiedFile;
  return file.tests === undefined || file.description === undefined || !isWanted(file.runOnRequirements)
    ? undefined
    : file;
}

export interface SpecRun {
  readonly suites: readonly string[];
  /** What is decided to be otherwise, and why. */
  readonly otherwise: readonly (readonly [RegExp, string])[];
  run(file: UnifiedFile, test: UnifiedTest): Promise<void>;
}

/** Declares the tests of those suites. What the runner cannot do is skipped. */
export function describeSpecs({ suites, otherwise, run }: SpecRun): void {
  if (!existsSync(FOLDER)) {
    it('are not beside the project', function () {
      this.skip();
    });
    return;
  }
  for (const suite of suites)
    describe(suite, () => {
      for (const path of jsonFiles(join(FOLDER, suite))) {
        const file = readFile(path);
        for (const test of file?.tests ?? []) {
          if (
            test.skipReason !== undefined ||
            !isWanted(test.runOnRequirements) ||
            test.operations === undefined
          )
            continue;
          const title = `${file!.description}: ${test.description}`;
          it(title, async function () {
            if (otherwise.some(([pattern]) => pattern.test(title))) this.skip();
            try {
              await run(file!, test);
            } catch (error) {
              if (error instanceof Unsupported) this.skip();
              throw error;
            }
          });
        }
      }
    });
}
