import { expect } from 'chai';
import {
  decodeWalHeader,
  encodeWalHeader,
  WAL_HEADER_BYTES,
  walNumberOf,
  walPath,
} from '../../../lsm/wal/format.js';

const STORE_ID = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

describe('names of logs', () => {
  it('have twelve digits, so that names sort as numbers do', () => {
    expect(walPath('/data/db.elmo', 7)).to.equal('/data/db.elmo-log-000000000007');
    expect(walPath('/data/db.elmo', 123456789012)).to.equal('/data/db.elmo-log-123456789012');
  });

  for (const [name, logNumber] of [
    ['db.elmo-log-000000000007', 7],
    ['db.elmo-log-123456789012', 123456789012],
    ['db.elmo-log-7', undefined],
    ['db.elmo-log-0000000000007', undefined],
    ['db.elmo-log-00000000000x', undefined],
    ['db.elmo-lock', undefined],
    ['db.elmo', undefined],
    ['xb.elmo-log-000000000007', undefined],
  ] as const) {
    it(`${name} is ${logNumber ?? 'no log'}`, () =>
      expect(walNumberOf('/data/db.elmo', name)).to.equal(logNumber));
  }
});

describe('header of a log', () => {
  const header = { logNumber: 2 ** 40 + 5, storeId: STORE_ID, isEncrypted: true, isReused: false };

  it('comes back', () => {
    for (const isEncrypted of [false, true])
      for (const isReused of [false, true]) {
        const bytes = encodeWalHeader({ ...header, isEncrypted, isReused });
        const back = decodeWalHeader(bytes, bytes.length);
        expect(back).to.deep.equal({ format: 1, ...header, isEncrypted, isReused });
        expect(bytes.length).to.equal(WAL_HEADER_BYTES);
      }
  });

  it('is as the byte table says', () => {
    const bytes = encodeWalHeader({ logNumber: 1, storeId: STORE_ID, isEncrypted: false, isReused: false });
    expect(Buffer.from(bytes).toString('hex')).to.equal(
      '656c6d6f206c6f67' + '01000000' + '010000000000' + '0102030405060708' + '0000' + '9223870a',
    );
  });

  it('is refused when cut short or changed in any bit', () => {
    const bytes = encodeWalHeader(header);
    for (let n = 0; n < bytes.length; n++) expect(decodeWalHeader(bytes, n)).to.equal(undefined);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = bytes.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(decodeWalHeader(changed, changed.length)).to.equal(undefined);
    }
  });
});
