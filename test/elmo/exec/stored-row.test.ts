import { expect } from 'chai';
import { StoredRow, storedMetadata } from '../../../elmo/exec/stored-row.js';
import type { RowMetadata } from '../../../elmo/operation/row-source.js';
import { encodeDocument } from '../../../elmo/bson/encode.js';

const RECORD_ID_BYTES = 8;

describe('rows of a sort on disk', () => {
  const document = encodeDocument({ _id: 1, a: 'x' });
  const metadata: RowMetadata = {
    recordId: 7,
    randVal: 0.25,
    indexKey: encodeDocument({ a: 1 }),
    sortKey: encodeDocument({ 0: 1, 1: 'x' }),
  };
  for (const [why, given] of [
    ['nothing', undefined],
    ['numbers, keys and orders', metadata],
    ['a record that is not told', { recordId: null }],
  ] as const)
    it(`keep what is said of them: ${why}`, () => {
      const bytes = new StoredRow().of(document, 0, 9, given);
      expect(bytes.subarray(0, document.length)).to.deep.equal(document);
      expect(storedMetadata(bytes, 0, bytes.length - RECORD_ID_BYTES)).to.deep.equal(given);
    });
});
