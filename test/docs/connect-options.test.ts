/** The tables of options of `connect` are those of the code, and what they say of defaults and ranges is so. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { connect, type ElmoClientOptions } from '../../index.js';
import { resolveOptions, type LsmOptions } from '../../lsm/options.js';
import { projectFolder } from '../support/source-tree.js';
import { connectOptions, withConnectOptions } from './connect-options.js';

const UNITS: Readonly<Record<string, number>> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };
const NUMBER = /(\d[\d,]*(?:\.\d+)?)(?: (KiB|MiB|GiB))?/;

/** '64 MiB' → 67,108,864; undefined when it is no number. */
function amount(text: string | undefined): number | undefined {
  const [, digits, unit] = NUMBER.exec(text ?? '') ?? [];
  return digits === undefined ? undefined : Number(digits.replaceAll(',', '')) * (UNITS[unit ?? ''] ?? 1);
}

describe('the options of connect in docs/api.md', () => {
  const tables = connectOptions();
  const storeOptions = tables.get('The file and its memory')!;

  it('are those of the code: `npm run docs` writes them', () => {
    const page = readFileSync(join(projectFolder(), 'docs', 'api.md'), 'utf8');
    expect(page).to.equal(withConnectOptions(page));
  });

  for (const { name, type, text } of [...tables.values()].flat())
    it(`${name} is explained`, () => {
      expect(text, type).to.match(/^[A-Z\d`].+\.$/);
    });

  it('all options of the store are there', () => {
    expect(storeOptions.map(({ name }) => name).sort()).to.deep.equal(Object.keys(resolveOptions()).sort());
  });

  for (const { name, type, text } of storeOptions.filter((option) => option.type === 'number'))
    it(`${name}: the default and the range are as told`, () => {
      const resolved = resolveOptions() as unknown as Record<string, unknown>;
      const [, told, range] = /Default ([^;.]+(?:\.\d+)?)(?:; ([^.]+))?\./.exec(text) ?? [];
      if (name === 'levelOneBytes') expect(told).to.equal('4 x memtableBytes');
      else expect(amount(told), `${text} (${type})`).to.equal(resolved[name]);
      const [low, high] = range!.split(/ to | up$/).map((part) => amount(part));
      const accepts = (value: number): boolean => {
        try {
          resolveOptions({ [name]: value } as LsmOptions);
          return true;
        } catch {
          return false;
        }
      };
      expect([accepts(low!), accepts(low! - 1)]).to.deep.equal([true, false]);
      if (high !== undefined) expect([accepts(high), accepts(high + 1)]).to.deep.equal([true, false]);
    });

  it('each is taken', async () => {
    const client = await connect(':memory:', {
      openCollections: 10,
      maxCursors: 10,
      ttlIntervalMs: 1000,
      dbName: 'own',
      promoteLongs: false,
      ignoreUndefined: true,
    });
    expect(client.db().databaseName).to.equal('own');
    await client.close();
  });

  it('what is none is refused, with the names of those that are', async () => {
    const error: unknown = await connect(':memory:', { cacheSize: 1 } as ElmoClientOptions).catch(
      (thrown: unknown) => thrown,
    );
    expect(String(error)).to.match(/unknown option cacheSize; the options are .*cacheBytes/);
  });
});
