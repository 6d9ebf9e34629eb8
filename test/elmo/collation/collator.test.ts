import { expect } from 'chai';
import { encodeDocument } from '../../../elmo/bson/encode.js';
import { collatorOf } from '../../../elmo/collation/collator.js';
import { collationKey } from '../../../elmo/collation/key.js';
import { parseCollation } from '../../../elmo/collation/parse.js';

const spec = (options: object) => parseCollation(encodeDocument({ locale: 'en', ...options }))!;

/** Ascending by the reference engine; texts in one inner list are equal. */
const ORDERS: readonly (readonly [string, object, readonly (readonly string[])[]])[] = [
  ['base letters alone', { strength: 1 }, [['a', 'A', 'á', 'Á'], ['ab', 'AB'], ['b']]],
  [
    'accents',
    { strength: 2 },
    [
      ['a', 'A'],
      ['á', 'Á'],
      ['b', 'B'],
    ],
  ],
  ['case last', {}, [['a'], ['A'], ['á'], ['Á'], ['b']]],
  ['upper case first', { caseFirst: 'upper' }, [['A'], ['a'], ['Á'], ['á'], ['b']]],
  ['base and case', { strength: 1, caseLevel: true }, [['a', 'á'], ['A', 'Á'], ['b']]],
  ['numbers by value', { numericOrdering: true }, [['a1'], ['a2', 'a02'], ['a10']]],
  ['numbers as text', {}, [['a02'], ['a1'], ['a10'], ['a2']]],
  ['punctuation counts', {}, [['co op'], ['co-op'], ['coop']]],
  ['punctuation does not', { alternate: 'shifted' }, [['co op', 'co-op', 'coop'], ['COOP']]],
  ['spaces do not', { alternate: 'shifted', maxVariable: 'space' }, [['co-op'], ['co op', 'coop'], ['COOP']]],
  [
    'punctuation breaks ties',
    { alternate: 'shifted', strength: 4 },
    [['co op'], ['co-op'], ['coop'], ['COOP']],
  ],
  ['accents forwards', {}, [['cote'], ['coté'], ['côte'], ['côté']]],
  ['accents backwards', { backwards: true }, [['cote'], ['côte'], ['coté'], ['côté']]],
  ['Canadian French', { locale: 'fr_CA' }, [['cote'], ['côte'], ['coté'], ['côté']]],
  ['composed and decomposed are one', {}, [['e'], ['é', 'e\u0301'], ['f']]],
  ['letters of Swedish', { locale: 'sv' }, [['z'], ['å'], ['ä'], ['ö']]],
];

describe('collatorOf', () => {
  for (const [what, options, groups] of ORDERS)
    it(what, () => {
      const compare = collatorOf(spec(options));
      const flat = groups.flatMap((texts, rank) => texts.map((text) => ({ text, rank })));
      for (const a of flat)
        for (const b of flat)
          expect(Math.sign(compare(a.text, b.text)), `${a.text} ${b.text}`).to.equal(
            Math.sign(a.rank - b.rank),
          );
    });
});

describe('collationKey', () => {
  for (const [what, options, groups] of ORDERS)
    it(`${what}: equal texts have one key, others have others`, () => {
      const key = collationKey(spec(options));
      const keys = groups.map((texts) => new Set(texts.map(key)));
      for (const group of keys) expect(group.size).to.equal(1);
      expect(new Set(keys.flatMap((group) => [...group])).size).to.equal(groups.length);
    });

  it('knows letters that decomposing leaves as they are', () => {
    const key = collationKey(spec({ strength: 1 }));
    for (const [a, b] of [
      ['æ', 'ae'],
      ['ß', 'SS'],
      ['ア', 'あ'],
      ['ｱ', 'あ'],
      ['ﬁ', 'fi'],
    ] as const)
      expect(key(a), a).to.equal(key(b));
  });
});
