import { expect } from 'chai';
import { LsmError } from '../../../lsm/errors.js';
import { checkKey, checkRange, checkValue } from '../../../lsm/key/validate.js';
import { MAX_KEY_BYTES } from '../../../lsm/options.js';
import type { Bytes, KeyRange } from '../../../lsm/ordered-kv.js';

const longest = new Uint8Array(MAX_KEY_BYTES);
const tooLong = new Uint8Array(MAX_KEY_BYTES + 1);
const at = (...bytes: number[]): Bytes => Uint8Array.from(bytes);

describe('checkKey', () => {
  for (const [why, key] of [
    ['one byte', at(0)],
    ['the longest', longest],
    ['a Buffer, which is a Uint8Array', Buffer.from('k')],
  ] as const) {
    it(`takes ${why}`, () => checkKey(key));
  }
  for (const [why, key, told] of [
    ['no bytes', at(), '0 bytes'],
    ['one byte too many', tooLong, '65537 bytes'],
    ['a string', 'secret', 'type string'],
    ['nothing', undefined, 'nothing'],
    ['null', null, 'null'],
    ['an array', [1, 2], 'type object'],
    ['words', new Uint16Array(2), 'type object'],
  ] as const) {
    it(`refuses ${why}`, () => {
      expect(() => checkKey(key as unknown as Bytes))
        .to.throw(LsmError, told)
        .with.property('code', 'BadKey');
    });
  }
  it('does not tell what the key holds', () => {
    expect(() => checkKey('secret' as unknown as Bytes))
      .to.throw(LsmError)
      .with.property('message')
      .that.does.not.contain('secret');
  });
});

describe('checkValue', () => {
  it('takes bytes, and none', () => {
    checkValue(at());
    checkValue(tooLong);
  });
  for (const value of ['v', undefined, null, 7, [1]]) {
    it(`refuses ${String(value)}`, () => {
      expect(() => checkValue(value as unknown as Bytes))
        .to.throw(LsmError)
        .with.property('code', 'BadValue');
    });
  }
});

describe('checkRange', () => {
  for (const [why, range] of [
    ['no bounds', {}],
    ['bounds that are undefined', { low: undefined, high: undefined }],
    ['one bound', { low: at(1) }],
    ['bounds in order', { low: at(1), high: at(1, 0) }],
    ['equal bounds: the empty range', { low: at(1), high: at(1) }],
    ['empty bounds', { low: at(), high: at() }],
    ['the longest bounds', { low: longest, high: longest }],
  ] as const) {
    it(`takes ${why}`, () => checkRange(range));
  }
  for (const [why, range] of [
    ['a reversed range', { low: at(2), high: at(1) }],
    ['a bound above an empty one', { low: at(1), high: at() }],
    ['a bound that is not bytes', { low: 'a' }],
    ['a null bound', { high: null }],
    ['a bound that is too long', { high: tooLong }],
    ['nothing', undefined],
    ['null', null],
    ['a string', 'a'],
  ] as const) {
    it(`refuses ${why}`, () => {
      expect(() => checkRange(range as unknown as KeyRange))
        .to.throw(LsmError)
        .with.property('code', 'BadRange');
    });
  }
});
