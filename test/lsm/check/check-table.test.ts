import { expect } from 'chai';
import { checkBlob, checkBlobOwners, checkTable, type CheckedTable } from '../../../lsm/check/check-table.js';
import { formatProblems } from '../../../lsm/check/report.js';
import { corrupt } from '../../../lsm/errors.js';
import { table } from '../manifest/sample-edits.js';

function tableOf(id: number, blobIds: number[], damage?: Error): CheckedTable {
  const check = (): void => {
    if (damage) throw damage;
  };
  return {
    meta: table(id, 'a', 'b'),
    verify: check,
    blobIds: () => (check(), blobIds),
  };
}

const damage = corrupt('a block does not match its checksum', 'store', 8192);

describe('checkTable and checkBlob', () => {
  it('report what the reader finds, with its place', () => {
    expect(checkTable(tableOf(3, []))).to.deep.equal([]);
    const problems = [...checkTable(tableOf(3, [], damage)), ...checkBlob(4, tableOf(1, [], damage))];
    expect(problems.map(({ code, at }) => ({ code, at }))).to.deep.equal([
      { code: 'TableDamaged', at: { file: 'store', offset: 8192 } },
      { code: 'BlobDamaged', at: { file: 'store', offset: 8192 } },
    ]);
    expect(formatProblems(problems.slice(0, 1))).to.equal(
      'TableDamaged: table 3: store is damaged at byte 8192: a block does not match its checksum (store at byte 8192)',
    );
    expect(formatProblems([])).to.equal('no problem');
  });

  it('let other errors through: those are bugs', () => {
    expect(() => checkTable(tableOf(3, [], new TypeError('oops')))).to.throw(TypeError);
  });
});

describe('checkBlobOwners', () => {
  for (const [why, tables, blobs, codes] of [
    ['each blob in one table', [tableOf(1, [5, 6]), tableOf(2, [7])], [5, 6, 7], []],
    ['a blob in no table', [tableOf(1, [5])], [5, 6], ['BlobLost']],
    ['a blob in two tables', [tableOf(1, [5]), tableOf(2, [5])], [5], ['BlobShared']],
    ['a blob that the manifest does not know', [tableOf(1, [5, 6])], [5], ['BlobUnknown']],
    ['a table that cannot be read', [tableOf(1, [], damage)], [5], ['TableDamaged', 'BlobLost']],
  ] as const) {
    it(`${why}: ${codes.join(', ') || 'no problem'}`, () => {
      expect(checkBlobOwners(tables, new Set(blobs)).map((problem) => problem.code)).to.deep.equal(codes);
    });
  }
});
