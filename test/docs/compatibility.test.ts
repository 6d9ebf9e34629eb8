/** The page on compatibility promises nothing that is not there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { projectFolder } from '../support/source-tree.js';
import { compatibilityPage, UNDERSTOOD } from './compatibility.js';
import { KNOWN_NAMES, type Family } from './known-names.js';

const page = readFileSync(join(projectFolder(), 'docs', 'COMPATIBILITY.md'), 'utf8');

describe('docs/COMPATIBILITY.md', () => {
  for (const family of Object.keys(KNOWN_NAMES) as Family[]) {
    it(`${family}: what it says is there, is`, () => {
      const section = page.slice(page.indexOf(`\n## ${family}\n`) + 1).split('\n## ')[0]!;
      const there = /\*\*There:\*\* (.*)/
        .exec(section)![1]!
        .split(' ')
        .map((name) => name.slice(1, -1));
      expect(there.length).to.be.greaterThan(10);
      expect(there.filter((name) => !UNDERSTOOD[family].has(name))).to.deep.equal([]);
    });
  }

  it('is what the generator writes, but for its lists', () => {
    const frame = (text: string): string => text.replace(/^(\||\*\*).*$/gm, '');
    expect(frame(compatibilityPage()).trim().slice(0, 400)).to.equal(frame(page).trim().slice(0, 400));
  });
});
