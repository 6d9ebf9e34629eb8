import { expect } from 'chai';
import { ElmoError } from '../../../elmo/errors.js';
import { compileRegex, literalPrefix } from '../../../elmo/regex/regex.js';

type Hit = readonly [
  pattern: string,
  options: string,
  text: string,
  found: string,
  captures: readonly (string | undefined)[],
];
type Miss = readonly [pattern: string, options: string, text: string];
type Refusal = readonly [pattern: string, reason: string];

const HITS: readonly Hit[] = [
  ['É', 'i', 'é', 'é', []],
  ['a$', '', 'a\n', 'a', []],
  ['a.b', '', 'a\u000db', 'a\u000db', []],
  ['a.b', 's', 'a\nb', 'a\nb', []],
  ['a{,3}$', '', 'a{,3}', 'a{,3}', []],
  ['s', 'i', 'ſ', 'ſ', []],
  ['[s]', 'i', 'ſ', 'ſ', []],
  ['\\x{212A}', 'i', 'k', 'k', []],
  ['[[:upper:]]', 'i', 'a', 'a', []],
  ['\\p{Ll}', '', 'a', 'a', []],
  ['(?<=a|bc)b', '', 'ab', 'b', []],
  ['[]a]', '', 'ab', 'a', []],
  ['(*FAIL)|a', '', 'ab', 'a', []],
  ['(*UCP)\\w{2}', '', 'aé', 'aé', []],
  ['(?J)(?<n>a)(?<n>b)', '', 'ab', 'ab', ['a', 'b']],
  ['\\141', '', 'a', 'a', []],
  ['(?i)A', '', 'ab', 'a', []],
  ['a(?i)B', '', 'ab', 'ab', []],
  ['(?i:A)b', '', 'ab', 'ab', []],
  ['a b # c', 'x', 'ab', 'ab', []],
  ['[a b]', 'x', 'ab', 'a', []],
  ['(?U)a+', '', 'ab', 'a', []],
  ['(?#x)a', '', 'ab', 'a', []],
  ['\\Qa\\E', '', 'ab', 'a', []],
  ['\\Qab', '', 'ab', 'ab', []],
  ['\\Ea', '', 'ab', 'a', []],
  ['a\\R', '', 'a\u0085', 'a\u0085', []],
  ['\\x61', '', 'a', 'a', []],
  ['\\x{61}', '', 'a', 'a', []],
  ['\\o{141}', '', 'a', 'a', []],
  ['\\N{U+61}', '', 'a', 'a', []],
  ['(?=a)*ab', '', 'ab', 'ab', []],
  ['$', '', '', '', []],
  ['(?>a)b', '', 'ab', 'ab', []],
  ['a++b', '', 'ab', 'ab', []],
  ['a{1,2}+b', '', 'ab', 'ab', []],
  ['(?P<n>a)(?P=n)?b', '', 'ab', 'ab', ['a']],
  ["(?'n'a)", '', 'ab', 'a', ['a']],
  ['\\g{1}?(a)', '', 'ab', 'a', ['a']],
  ['(a)\\g{-1}', '', 'aa', 'aa', ['a']],
  ['(*UTF8)a', '', 'ab', 'a', []],
  ['(*UTF)a', '', 'ab', 'a', []],
  ['\\p{L&}', '', 'a', 'a', []],
  ['\\p{Xan}', '', 'a', 'a', []],
  ['\\pL', '', 'a', 'a', []],
  ['\\p{^Lu}', '', 'a', 'a', []],
  ['\\p{Any}', '', 'a', 'a', []],
  ['\\p{Latin}', '', 'a', 'a', []],
  ['\\p{sc:Latin}', '', 'a', 'a', []],
  ['\\p{Script=Latin}', '', 'a', 'a', []],
  ['\\p{Alphabetic}', '', 'a', 'a', []],
  ['', '', 'x', '', []],
  ['a', 'u', 'ab', 'a', []],
  ['a', 'ii', 'ab', 'a', []],
  ['(ab)(?=\\1)', '', 'abab', 'ab', ['ab']],
  ['x{0}a', '', 'a', 'a', []],
  ['(?x: a b )', '', 'ab', 'ab', []],
  ['(?xx)[a b]b', '', 'ab', 'ab', []],
  ['(?n)(a)b', '', 'ab', 'ab', []],
  ['^$', 'm', 'x\n\n', '', []],
  ['(?<=a(?=b))b', '', 'ab', 'b', []],
  ['\\x{61}', 'i', 'A', 'A', []],
  ['\\xff', '', 'ÿ', 'ÿ', []],
  ['\\377', '', 'ÿ', 'ÿ', []],
  ['[a\\]b]', '', 'a', 'a', []],
  ['[\\b]', '', '\u0008', '\u0008', []],
  ['ς', 'i', 'Σ', 'Σ', []],
  ['ẞ', 'i', 'ß', 'ß', []],
  ['ǆ', 'i', 'ǅ', 'ǅ', []],
  ['μ', 'i', 'µ', 'µ', []],
  ['[\\Q]\\E]|a', '', 'a', 'a', []],
  ['(?s)(?m)(?x)a', '', 'a', 'a', []],
  ['(?s-m:a)', '', 'a', 'a', []],
  ['\\h', '', '\u180e', '\u180e', []],
  ['\\s', '', '\u000b', '\u000b', []],
  ['[[:word:]]', '', 'a', 'a', []],
  ['[[:<:]]a', '', 'a', 'a', []],
  ['^ab', '', 'abc', 'ab', []],
  ['^ab.*', '', 'abc', 'abc', []],
  ['ab', '', 'xab', 'ab', []],
  ['àb', 'i', 'ÀB', 'ÀB', []],
  ['(?i)a(?-i)B', '', 'aB', 'aB', []],
  ['(?i)a(?-i)B', '', 'AB', 'AB', []],
  ['[^\\W\\d]+', '', 'ab12', 'ab', []],
  ['[\\w]+', 'i', 'KK', 'KK', []],
  ['k', 'i', 'K', 'K', []],
  ['a\\.b', '', 'a.b', 'a.b', []],
  ['a(.)\\1b', '', 'aXXb', 'aXXb', ['X']],
  ['a(.)\\1b', 'i', 'aXxb', 'aXxb', ['X']],
  ['foo(?=bar)', '', 'foobar', 'foo', []],
  ['(?<=foo)bar', '', 'foobar', 'bar', []],
  ['a{2,}?', '', 'aaa', 'aa', []],
  ['a++b', '', 'aaab', 'aaab', []],
  ['[a\\-z]+', '', 'a-b', 'a-', []],
  ['[\\]b]+', '', 'a]b', ']b', []],
  ['(\\d{3})-(\\d{4})', '', 'tel: 555-1234', '555-1234', ['555', '1234']],
  ['^cd$', 'm', 'ab\ncd', 'cd', []],
  ['b$', 'm', 'ab\ncd', 'b', []],
  ['[[:lower:]]+', 'i', 'AB', 'AB', []],
  ['\\p{L}+', '', 'áé', 'áé', []],
  ['[\\p{L}\\d]+', '', 'áé', 'áé', []],
  ['[^\\p{L}]', '', 'é1', '1', []],
  ['a/b', '', 'a/b', 'a/b', []],
  ['.{3}', '', 'x\ud83d\ude00y', 'x\ud83d\ude00y', []],
  ['y', '', 'x\ud83d\ude00y', 'y', []],
  ['^.$', '', '\ud83d\ude00', '\ud83d\ude00', []],
  ['a\\ b', 'x', 'a b', 'a b', []],
  ['(?<x>a)(?<y>b)', '', 'ab', 'ab', ['a', 'b']],
  ['a\\#b', 'x', 'a#b', 'a#b', []],
  ['a(?#c)b', '', 'ab', 'ab', []],
  ['a\\tb', '', 'a\tb', 'a\tb', []],
  ['foo\\.bar$', '', 'foo.bar', 'foo.bar', []],
  ['a|b|', '', 'ab', 'a', []],
  ['(|a)b', '', 'ab', 'ab', ['a']],
  ['a*', '', '', '', []],
  ['[^a-b]', '', 'abc', 'c', []],
  ['[\\^]', '', 'a^', '^', []],
  ['[a-]', '', 'a', 'a', []],
  ['[a-]', '', '-', '-', []],
  ['[-a]', '', '-', '-', []],
  ['[a-c-e]', '', 'b', 'b', []],
  ['[a-c-e]', '', '-', '-', []],
  ['[\\x61-\\x63]', '', 'a', 'a', []],
  ['\\Aab\\Z', '', 'ab', 'ab', []],
  ['\\Aab\\Z', '', 'ab\n', 'ab', []],
  ['(?m)^ab$', '', 'ab', 'ab', []],
  ['\\p{Script_Extensions=Latin}', '', 'a', 'a', []],
  ['\\p{Cyrillic}', '', 'Ж', 'Ж', []],
  ['\\p{Han}', '', '漢', '漢', []],
  ['\\P{Han}', '', 'a', 'a', []],
  ['ab\\b', '', 'ab', 'ab', []],
  ['a\\Bb', '', 'ab', 'ab', []],
  ['[[:digit:][:alpha:]]', '', '1', '1', []],
  ['(((((((((((a)))))))))))', '', 'a', 'a', ['a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a']],
  ['(((((((((((a)))))))))))\\11', '', 'aa', 'aa', ['a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a']],
  ['a(?=b)(?!c)b', '', 'ab', 'ab', []],
  ['(?<!a{2})x', '', 'x', 'x', []],
  ['(?<=\\Aa)x', '', 'ax', 'x', []],
  ['x\\Q', '', 'x', 'x', []],
  ['x\\Q+', '', 'x+', 'x+', []],
  ['\\Qx\\E+', '', 'xx', 'xx', []],
  ['\\Q\\E', '', '', '', []],
  ['x(?x)y z', '', 'xyz', 'xyz', []],
  ['(?i)a|b', '', 'ABC', 'A', []],
  ['a(?i)|b', '', 'B', 'B', []],
  ['(?s).', '', 'abc', 'a', []],
  ['\\d|\\D', '', 'a', 'a', []],
  ['\\W', '', 'é', 'é', []],
  ['\\D', '', 'é', 'é', []],
  ['\\N', '', 'a', 'a', []],
  ['[\\1]', '', '\u0001', '\u0001', []],
  ['\\fa', '', '\u000ca', '\u000ca', []],
  ['\\e', '', '\u001b', '\u001b', []],
  ['\\a', '', '\u0007', '\u0007', []],
  ['(?i)É', '', 'é', 'é', []],
  ['ǰ', 'i', 'ǰ', 'ǰ', []],
  ['ας', 'i', 'ΑΣ', 'ΑΣ', []],
  ['ST', 'i', 'ſt', 'ſt', []],
  ['Ɐ', 'i', 'ɐ', 'ɐ', []],
  ['ΐ', 'i', 'ΐ', 'ΐ', []],
  ['[a-z]', 'i', 'K', 'K', []],
  ['ω', 'i', 'Ω', 'Ω', []],
  ['ⓐ', 'i', 'Ⓐ', 'Ⓐ', []],
  ['\ud801\udc28', 'i', '\ud801\udc00', '\ud801\udc00', []],
  ['ꭰ', 'i', 'Ꭰ', 'Ꭰ', []],
  ['\\(\\?i\\)a', '', '(?i)a', '(?i)a', []],
  ['(*UCP)(*UTF)a', '', 'a', 'a', []],
  ['(*UCP)\\b', '', 'é', '', []],
  ['(*UCP)\\d', '', '١', '١', []],
  ['(*NO_JIT)a', '', 'a', 'a', []],
];

const MISSES: readonly Miss[] = [
  ['\\1(a)', '', 'a'],
  ['(a\\1)', '', 'a'],
  ['\\N{2}', '', 'a'],
  ['\\w', '', 'é'],
  ['a\\z', '', 'a\n'],
  ['a$', '', 'a\n\n'],
  ['a$', 'm', 'a\u000d'],
  ['a.b', '', 'a\nb'],
  ['a{,3}', '', 'aaa'],
  ['\\w', 'i', 'ſ'],
  ['\\p{Lu}', 'i', 'a'],
  ['\\p{Greek}', '', 'a'],
  ['(?-i)A', 'i', 'ab'],
  ['(?^)A', 'i', 'ab'],
  ['a b', 'x', 'a b'],
  ['\\x', '', 'a'],
  ['\\ca', '', 'a'],
  ['(?<!a)b', '', 'ab'],
  ['\\p{lu}', '', 'a'],
  ['a{1', '', 'a'],
  ['^$', 'm', 'x\n'],
  ['\\400', '', 'ÿ'],
  ['[^]a]', '', 'a'],
  ['[^b]', 'i', 'B'],
  ['i', 'i', 'İ'],
  ['\\h', '', 'a'],
  ['\\s', '', '\u180e'],
  ['\\s', '', '\u0085'],
  ['[[:space:]]', '', '\u00a0'],
  ['[[:^word:]b]', '', 'a'],
  ['^ab', '', 'xab'],
  ['(?i)a(?-i)B', '', 'Ab'],
  ['\\bK\\b', 'i', 'xK y'],
  ['(?>a+)ab', '', 'aaab'],
  ['(?i-s:a)B', '', 'ab'],
  ['\\Aab\\z', '', 'ab\n'],
  ['[[:alpha:]]', '', 'é'],
  ['(a)\\12', '', 'a'],
  ['a{,}', '', 'ab'],
  ['a{1,2,3}', '', 'ab'],
  ['(?<=(?:a|b))x', '', 'x'],
  ['a(?i)bc', '', 'ABC'],
  ['\\N', '', '\n'],
  ['[\\1]', '', 'a'],
  ['\\00', '', 'a'],
  ['\\0141', '', 'a'],
  ['STRASSE', 'i', 'straße'],
  ['ﬆ', 'i', 'ﬅ'],
  ['[^a-z]', 'i', 'K'],
  ['[[:alpha:]]', 'i', 'ſ'],
  ['I', 'i', 'ı'],
  ['i̇', 'i', 'İ'],
  ['a\\\nb', 'x', 'ab'],
];

const INVALID: readonly Refusal[] = [['a(?i)*', 'quantifier does not follow a repeatable item']];

const UNSUPPORTED: readonly Refusal[] = [
  ['(?R)', 'recursion in a regular expression is not supported'],
  ['(a)(?1)', 'recursion in a regular expression is not supported'],
  ['(a)?(?(1)b|c)', 'a conditional group in a regular expression is not supported'],
  ['(?|(a)|(b))', 'a branch reset group in a regular expression is not supported'],
  ['a\\Kb', '\\K in a regular expression is not supported'],
  ['\\X', '\\X in a regular expression is not supported'],
  ['(*ACCEPT)', '(*ACCEPT) in a regular expression is not supported'],
];

const encoder = new TextEncoder();

/** Text as bytes within other bytes. */
function tested(pattern: string, options: string, text: string): boolean {
  const bytes = encoder.encode(`<${text}>`);
  return compileRegex(pattern, options).testBytes(bytes, 1, bytes.length - 1);
}

describe('regular expressions', () => {
  for (const [pattern, options, text, found, captures] of HITS)
    it(`/${pattern}/${options} finds ${JSON.stringify(found)} in ${JSON.stringify(text)}`, () => {
      const regex = compileRegex(pattern, options);
      const match = regex.exec(text, 0);
      expect(match?.text).to.equal(found);
      expect(match?.captures).to.deep.equal(captures);
      expect(regex.test(text)).to.equal(true);
      expect(tested(pattern, options, text)).to.equal(true);
    });

  for (const [pattern, options, text] of MISSES)
    it(`/${pattern}/${options} finds nothing in ${JSON.stringify(text)}`, () => {
      const regex = compileRegex(pattern, options);
      expect(regex.exec(text, 0)).to.equal(undefined);
      expect(regex.test(text)).to.equal(false);
      expect(tested(pattern, options, text)).to.equal(false);
    });

  for (const [pattern, reason] of [...INVALID, ...UNSUPPORTED])
    it(`/${pattern}/ is refused: ${reason}`, () => {
      try {
        compileRegex(pattern, '');
        expect.fail('it was taken');
      } catch (error) {
        expect(error).to.be.instanceOf(ElmoError);
        expect((error as ElmoError).code).to.equal(51091);
        expect((error as ElmoError).message).to.equal(`Regular expression is invalid: ${reason}`);
      }
    });

  it('refuses options that are none', () => {
    expect(() => compileRegex('a', 'g')).to.throw(ElmoError, 'invalid flag');
  });

  it('goes on from where it is told', () => {
    const regex = compileRegex('a(.)', '');
    expect(regex.exec('abac', 1)).to.deep.equal({ text: 'ac', index: 2, captures: ['c'] });
    expect(regex.exec('abac', 3)).to.equal(undefined);
    expect(regex.groupCount).to.equal(1);
  });
});

describe('literal prefixes', () => {
  for (const [pattern, options, text, isExact] of [
    ['^abc', '', 'abc', true],
    ['\\Aabc', '', 'abc', true],
    ['^abc.*', '', 'abc', true],
    ['^abc.*d', '', 'abc', false],
    ['^a\\.b', '', 'a.b', true],
    ['^\\Qa.b\\E', '', 'a.b', true],
    ['^ab*', '', 'a', false],
    ['^', '', '', true],
    ['abc', '', '', false],
    ['^abc|d', '', '', false],
    ['^abc', 'i', '', false],
    ['^12a', 'i', '12', false],
    ['^abc', 'm', '', false],
    ['^a b', 'x', 'ab', true],
    ['^(abc)', '', '', false],
    ['^abc$', '', 'abc', false],
    ['^(', '', '', false],
  ] as const)
    it(`/${pattern}/${options} starts with ${JSON.stringify(text)}${isExact ? ', and that is all' : ''}`, () =>
      expect(literalPrefix(pattern, options)).to.deep.equal({ text, isExact }));
});
