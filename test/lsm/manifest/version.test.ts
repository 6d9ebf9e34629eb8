import { expect } from 'chai';
import fc from 'fast-check';
import { corrupt, LsmError } from '../../../lsm/errors.js';
import { compareBytes } from '../../../lsm/base/bytes.js';
import {
  EMPTY_VERSION,
  applyEdit,
  areDisjoint,
  deepestLevel,
  findTable,
  levelZeroRuns,
  runOfLevel,
  tablesOf,
  type Version,
} from '../../../lsm/manifest/version.js';
import type { TableAddition } from '../../../lsm/manifest/version-edit.js';
import { add, edit, table, text } from './sample-edits.js';

/** Runs as text: level/order: ids. */
function picture(version: Version): string {
  return version.runs
    .map((run) => `${run.level}/${run.order}: ${run.tables.map(({ id }) => id).join(' ')}`)
    .join(', ');
}

function versionOf(...addTables: TableAddition[]): Version {
  return applyEdit(EMPTY_VERSION, edit(1, { addTables }));
}

describe('applyEdit', () => {
  it('sorts runs newest first, and tables by their keys', () => {
    const version = versionOf(
      add(2, 0, table(1, 'a', 'c')),
      add(0, 4, table(2, 'm', 'p')),
      add(0, 9, table(3, 'a', 'z')),
      add(0, 4, table(4, 'a', 'c')),
      add(1, 0, table(5, 'b', 'k')),
    );
    expect(picture(version)).to.equal('0/9: 3, 0/4: 4 2, 1/0: 5, 2/0: 1');
    expect(levelZeroRuns(version)).to.equal(2);
    expect(deepestLevel(version)).to.equal(2);
    expect(runOfLevel(version, 1)?.tables[0]?.id).to.equal(5);
    expect(runOfLevel(version, 0)).to.equal(undefined);
    expect([...tablesOf(version)].map(({ id }) => id)).to.deep.equal([3, 4, 2, 5, 1]);
  });

  it('leaves the old version, and the runs that do not change, as they are', () => {
    const before = versionOf(add(0, 1, table(1, 'a', 'c')), add(1, 0, table(2, 'b', 'd')));
    const after = applyEdit(
      before,
      edit(2, { removeTables: [1], addTables: [add(0, 2, table(3, 'a', 'b'))] }),
    );
    expect(picture(before)).to.equal('0/1: 1, 1/0: 2');
    expect(picture(after)).to.equal('0/2: 3, 1/0: 2');
    expect(after.runs[1]).to.equal(before.runs[1]);
    expect(after.number).to.equal(2);
  });

  it('moves a table, replaces one in its place, and drops runs that get empty', () => {
    const before = versionOf(add(0, 1, table(1, 'a', 'c')), add(1, 0, table(2, 'd', 'f')));
    const moved = applyEdit(
      before,
      edit(2, { removeTables: [1], addTables: [add(1, 0, table(1, 'a', 'c'))] }),
    );
    expect(picture(moved)).to.equal('1/0: 1 2');
    const replaced = applyEdit(
      moved,
      edit(3, { removeTables: [1], addTables: [add(1, 0, table(9, 'a', 'c'))] }),
    );
    expect(picture(replaced)).to.equal('1/0: 9 2');
    expect(picture(applyEdit(replaced, edit(4, { removeTables: [2, 9] })))).to.equal('');
  });

  const before = versionOf(add(0, 1, table(1, 'a', 'c')), add(1, 0, table(2, 'd', 'f')));
  for (const [why, wrong] of [
    ['the version does not grow', edit(1)],
    ['a table to remove is not there', edit(2, { removeTables: [7] })],
    ['a table is removed twice', edit(2, { removeTables: [1, 1] })],
    ['a table is there already', edit(2, { addTables: [add(1, 0, table(1, 'x', 'y'))] })],
    [
      'a table is added twice',
      edit(2, { addTables: [add(1, 0, table(3, 'x', 'y')), add(2, 0, table(3, 'x', 'y'))] }),
    ],
    ['tables of a run share a key', edit(2, { addTables: [add(1, 0, table(3, 'f', 'g'))] })],
    ['tables of a run overlap', edit(2, { addTables: [add(1, 0, table(3, 'e', 'e'))] })],
    ['a table covers a run', edit(2, { addTables: [add(1, 0, table(3, 'a', 'z'))] })],
    ['there is no such level', edit(2, { addTables: [add(64, 0, table(3, 'x', 'z'))] })],
  ] as const) {
    it(`refuses an edit when ${why}`, () => {
      expect(() => applyEdit(before, wrong)).to.throw('broken invariant');
      const asDamage = (what: string): Error => corrupt(what, 'store', 5);
      expect(() => applyEdit(before, wrong, asDamage)).to.throw(LsmError, 'damaged at byte 5');
    });
  }
});

describe('areDisjoint', () => {
  const open = { rangeTombstoneCount: 1 };
  for (const [why, a, b, expected] of [
    ['a gap between them', table(1, 'a', 'c'), table(2, 'd', 'e'), true],
    ['a key in both', table(1, 'a', 'c'), table(2, 'c', 'e'), false],
    ['a range tombstone that ends where the next begins', table(1, 'a', 'c', open), table(2, 'c', 'e'), true],
    ['a range tombstone that reaches in', table(1, 'a', 'd', open), table(2, 'c', 'e'), false],
    ['no end', table(1, 'a', 'c', { highKey: undefined }), table(2, 'd', 'e'), false],
    ['no start', table(1, 'a', 'c'), table(2, '', 'e', open), false],
  ] as const) {
    it(`${why}: ${expected}`, () => expect(areDisjoint(a, b)).to.equal(expected));
  }
});

describe('findTable', () => {
  it('finds the only table that can hold a key', () => {
    const tables = [
      table(1, '', 'c', { rangeTombstoneCount: 1 }),
      table(2, 'c', 'f'),
      table(3, 'h', 'z', { highKey: undefined, rangeTombstoneCount: 1 }),
    ];
    for (const [key, index] of [
      ['a', 0],
      ['bzz', 0],
      ['c', 1],
      ['f', 1],
      ['fa', -1],
      ['g', -1],
      ['h', 2],
      ['zzz', 2],
    ] as const) {
      expect(findTable(tables, text(`..${key}`), 2, key.length), key).to.equal(index);
    }
    expect(findTable([], text('a'), 0, 1)).to.equal(-1);
    expect(findTable([table(1, 'b', 'c')], text('a'), 0, 1)).to.equal(-1);
  });

  it('does the same as looking at each table', () => {
    const bounds = fc.uniqueArray(fc.uint8Array({ minLength: 1, maxLength: 3 }), {
      maxLength: 20,
      comparator: (a, b) => compareBytes(a, b) === 0,
    });
    fc.assert(
      fc.property(bounds, fc.uint8Array({ minLength: 1, maxLength: 3 }), (keys, key) => {
        keys.sort(compareBytes);
        const tables = [];
        for (let i = 0; i + 1 < keys.length; i += 2) {
          tables.push({ ...table(i + 1, '', ''), lowKey: keys[i]!, highKey: keys[i + 1]! });
        }
        const expected = tables.findIndex(
          ({ lowKey, highKey }) => compareBytes(lowKey, key) <= 0 && compareBytes(key, highKey) <= 0,
        );
        expect(findTable(tables, key, 0, key.length)).to.equal(expected);
      }),
    );
  });
});
