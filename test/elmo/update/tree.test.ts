import { expect } from 'chai';
import fc from 'fast-check';
import { Decoder } from '../../../elmo/bson/decode.js';
import { validateExactly } from '../../../elmo/bson/validate.js';
import { outcome, SAME } from './updates.js';

type Json = null | number | string | Json[] | { [name: string]: Json };

const names = fc.constantFrom('a', 'b', 'c', '0', '1', '3');
const { value } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom<Json>(null, 1, 2.5, 'x'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(names, tie('value'), { maxKeys: 3 }),
  ),
}));
const documents = fc.dictionary(names, value, { maxKeys: 4 });
const paths = fc.array(names, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('.'));
const decoder = new Decoder();

/** `{$set: {path: value}}` on plain values; undefined if it is refused. */
function setModel(target: Json, parts: readonly string[], set: Json): Json | undefined {
  const [part, ...rest] = parts;
  if (part === undefined) return set;
  if (Array.isArray(target)) {
    if (!/^\d+$/.test(part)) return undefined;
    const index = Number(part);
    const inner = index < target.length ? setModel(target[index]!, rest, set) : created(rest, set);
    if (inner === undefined) return undefined;
    const copy = [...target];
    while (copy.length < index) copy.push(null);
    copy[index] = inner;
    return copy;
  }
  if (target === null || typeof target !== 'object') return undefined;
  const inner = Object.hasOwn(target, part) ? setModel(target[part]!, rest, set) : created(rest, set);
  return inner === undefined ? undefined : { ...target, [part]: inner };
}

function created(parts: readonly string[], set: Json): Json {
  return parts.reduceRight<Json>((inner, part) => ({ [part]: inner }), set);
}

describe('the tree of an update', () => {
  it('sets as a model does', () => {
    fc.assert(
      fc.property(documents, paths, value, (document, path, set) => {
        const expected = setModel(document, path.split('.'), set);
        const actual = outcome(document, { $set: { [path]: set } });
        if (expected === undefined) expect(actual).to.equal(28);
        else expect(actual instanceof Uint8Array ? decoder.decode(actual) : document).to.deep.equal(expected);
      }),
      { numRuns: 1500 },
    );
  });

  it('makes documents that are whole, and sets nothing twice', () => {
    const fields = fc.dictionary(paths, value, { minKeys: 1, maxKeys: 3 });
    fc.assert(
      fc.property(documents, fields, fields, (document, set, unset) => {
        const update = { $set: set, $unset: unset };
        const first = outcome(document, update);
        if (!(first instanceof Uint8Array)) return;
        validateExactly(first);
        expect(outcome(decoder.decode(first), { $set: set })).to.equal(SAME);
      }),
      { numRuns: 1500 },
    );
  });

  it('refuses the same element by two names', () => {
    expect(outcome({ a: [1] }, { $set: { 'a.1': 1, 'a.01': 2 } })).to.equal(40);
  });
});
