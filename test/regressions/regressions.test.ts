/** Each program beside this file once told the engine and the model apart; it never may again. */
import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import { playProgram, showDifference } from '../model/laboratory.js';
import type { Program } from '../support/programs.js';
import { engine } from '../support/subject.js';

const names = readdirSync(new URL('.', import.meta.url)).filter(
  (name) => name.endsWith('.js') && !name.endsWith('.test.js'),
);

describe('programs that once failed', () => {
  before(async function () {});

  for (const name of names) {
    it(name.replace('.js', ''), async () => {
      const { program } = (await import(new URL(name, import.meta.url).href)) as { program: Program };
      const found = await playProgram(await engine(), program);
      if (found !== undefined) expect.fail(showDifference(found));
    });
  }
});
