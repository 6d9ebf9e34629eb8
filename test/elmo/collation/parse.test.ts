import { expect } from 'chai';
import { encodeDocument } from '../../../elmo/bson/encode.js';
import { Decoder } from '../../../elmo/bson/decode.js';
import { Decimal128, Long } from '../../../elmo/bson/package.js';
import { collationDocument, isSameCollation } from '../../../elmo/collation/collation.js';
import { parseCollation, parseCommandCollation } from '../../../elmo/collation/parse.js';
import { ElmoError } from '../../../elmo/errors.js';

const parse = (document: object) => parseCollation(encodeDocument(document), 'create.collation');

const DEFAULTS = {
  caseLevel: false,
  caseFirst: 'off',
  strength: 3,
  numericOrdering: false,
  alternate: 'non-ignorable',
  maxVariable: 'punct',
  normalization: false,
  backwards: false,
  version: '57.1',
};

describe('parseCollation', () => {
  for (const [given, shown] of [
    [{ locale: 'en' }, {}],
    [{ locale: 'en_US', strength: 2 }, { strength: 2 }],
    [{ locale: 'en', strength: 1.5 }, { strength: 1 }],
    [{ locale: 'en', strength: Decimal128.fromString('2') }, { strength: 2 }],
    [{ locale: 'en', strength: null, caseLevel: null, caseFirst: null }, {}],
    [{ locale: 'fr_CA' }, { backwards: true }],
    [{ locale: 'fr_CA', backwards: false }, {}],
    [
      { locale: 'en', backwards: true, strength: 2 },
      { backwards: true, strength: 2 },
    ],
    [
      { locale: 'de@collation=phonebook', caseFirst: 'upper', alternate: 'shifted' },
      { caseFirst: 'upper', alternate: 'shifted' },
    ],
    [
      { locale: 'en', strength: 1, caseLevel: true, caseFirst: 'lower' },
      { strength: 1, caseLevel: true, caseFirst: 'lower' },
    ],
  ] as const)
    it(`completes ${JSON.stringify(given)}`, () => {
      const document = new Decoder().decode(collationDocument(parse(given)!));
      expect(document).to.deep.equal({ locale: given.locale, ...DEFAULTS, ...shown });
    });

  it('is undefined for the simple collation, whatever else it says', () => {
    expect(parse({ locale: 'simple' })).to.equal(undefined);
    expect(parse({ locale: 'simple', strength: 2, caseFirst: 'upper' })).to.equal(undefined);
  });

  for (const [given, code] of [
    [{}, 40414],
    [{ locale: null }, 40414],
    [{ locale: 1 }, 14],
    [{ locale: '' }, 2],
    [{ locale: 'xx' }, 2],
    [{ locale: 'en-US' }, 2],
    [{ locale: 'EN' }, 2],
    [{ locale: 'en\0' }, 2],
    [{ locale: 'en@collation=phonebook' }, 2],
    [{ locale: 'en', strength: 0 }, 2],
    [{ locale: 'en', strength: 6 }, 2],
    [{ locale: 'en', strength: -1 }, 2],
    [{ locale: 'en', strength: NaN }, 2],
    [{ locale: 'en', strength: 'a' }, 14],
    [{ locale: 'simple', strength: 9 }, 2],
    [{ locale: 'en', caseLevel: 1 }, 14],
    [{ locale: 'en', numericOrdering: Long.ONE }, 14],
    [{ locale: 'en', caseFirst: 'x' }, 2],
    [{ locale: 'en', caseFirst: 1 }, 14],
    [{ locale: 'en', caseFirst: 'upper', strength: 2 }, 2],
    [{ locale: 'en', alternate: 'x' }, 2],
    [{ locale: 'en', maxVariable: 'x' }, 2],
    [{ locale: 'en', backwards: true, strength: 1 }, 2],
    [{ locale: 'fr_CA', strength: 1 }, 2],
    [{ locale: 'en', version: '1' }, 161],
    [{ locale: 'en', version: 1 }, 14],
    [{ locale: 'en', foo: 1 }, 40415],
    [{ locale: 'simple', foo: 1 }, 40415],
  ] as const)
    it(`refuses ${JSON.stringify(given)} with ${code}`, () =>
      expect(() => parse(given))
        .to.throw(ElmoError)
        .with.property('code', code));

  it('tells an absent collation of a command from the simple one', () => {
    expect(parseCommandCollation(undefined)).to.equal(undefined);
    expect(parseCommandCollation(encodeDocument({}))).to.equal(undefined);
    expect(parseCommandCollation(encodeDocument({ locale: 'simple' }))).to.equal(null);
    expect(parseCommandCollation(encodeDocument({ locale: 'en' }))).to.have.property('locale', 'en');
  });

  it('compares collations by what they say', () => {
    expect(isSameCollation(parse({ locale: 'en' }), parse({ locale: 'en', strength: 3 }))).to.equal(true);
    expect(isSameCollation(parse({ locale: 'en' }), parse({ locale: 'fr' }))).to.equal(false);
    expect(isSameCollation(parse({ locale: 'en' }), undefined)).to.equal(false);
  });
});

describe('parseCollation of several faults tells', () => {
  for (const [why, given, code] of [
    ['a missing locale before a strength below all', { strength: 0 }, 40414],
    ['a strength above all where it stands', { strength: 6, foo: 1 }, 2],
    ['a field there is not before a strength below all', { strength: 0, foo: 1 }, 40415],
  ] as const)
    it(why, () =>
      expect(() => parse(given))
        .to.throw(ElmoError)
        .with.property('code', code),
    );

  it('nothing of the strength of the simple collation', () =>
    expect(parse({ locale: 'simple', strength: 0 })).to.equal(undefined));
});
