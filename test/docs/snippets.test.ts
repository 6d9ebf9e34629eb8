/**
 * What the README and the guides show runs as it stands, and prints what they say: every block `js` is a program, a block
 * `text` behind it its output. The programs of one page run in one folder, in order; lines of `sh` that begin with `elmo`
 * are run there too.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { projectFolder } from '../support/source-tree.js';

const PAGES = [
  'README.md',
  'docs/getting-started.md',
  'docs/api.md',
  'docs/migration.md',
  'docs/testing-with-elmo.md',
];
const execute = promisify(execFile);
const root = projectFolder();

interface Snippet {
  readonly language: string;
  readonly text: string;
  /** Undefined: the page does not say. */
  readonly output: string | undefined;
}

function snippetsOf(page: string): Snippet[] {
  const blocks = [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({
    language,
    text,
  }));
  return blocks
    .map(({ language, text }, i) => {
      const next = blocks[i + 1];
      return { language: language!, text: text!, output: next?.language === 'text' ? next.text : undefined };
    })
    .filter(({ language, text }) => language === 'js' || (language === 'sh' && text.startsWith('elmo ')));
}

describe('what the pages show', function () {
  this.timeout(60_000);

  for (const page of PAGES) {
    describe(page, () => {
      let folder = '';

      before(() => {
        folder = mkdtempSync(join(tmpdir(), 'elmo-docs-'));
        mkdirSync(join(folder, 'node_modules'));
        symlinkSync(root, join(folder, 'node_modules', 'elmodb'), 'junction');
      });

      after(() => rmSync(folder, { recursive: true, force: true }));

      snippetsOf(readFileSync(join(root, page), 'utf8')).forEach(({ language, text, output }, i) => {
        const what = language === 'js' ? `program ${i + 1}` : text.trim();
        it(`${what} runs${output === undefined ? '' : ', and prints what the page says'}`, async () => {
          const printed =
            language === 'js' ? await runProgram(folder, i, text) : await runShell(folder, text);
          if (output !== undefined) expect(withoutTimes(printed)).to.equal(withoutTimes(output));
        });
      });
    });
  }
});

const withoutTimes = (text: string): string => text.replace(/\(\d+\.\d s\)/g, '(time)');

async function runProgram(folder: string, i: number, text: string): Promise<string> {
  const file = join(folder, `program-${i}.mjs`);
  writeFileSync(file, text);
  return (await execute(process.execPath, [file], { cwd: folder })).stdout;
}

/** `elmo` of this checkout, by a shell. */
async function runShell(folder: string, text: string): Promise<string> {
  const program = join(root, 'dist', 'cli', 'main.js');
  const script = `elmo() { "${process.execPath}" "${program}" "$@"; }\nset -e\n${text}`;
  return (await execute('sh', ['-c', script], { cwd: folder })).stdout;
}
