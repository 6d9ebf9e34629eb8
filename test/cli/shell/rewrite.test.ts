import { expect } from 'chai';
import { isIncomplete, rewrite } from '../../../cli/shell/rewrite.js';

describe('what is typed', () => {
  for (const [code, expected] of [
    ['db.orders.find({', true],
    ['db.orders.find({})', false],
    ['{a: 1', true],
    ['{a: 1}', false],
    ['function f() {', true],
    ['[1, 2].map(x =>', true],
    ['`a\nb', true],
    ['/* a', true],
    ['1 +', true],
    ["'abc", false],
    ["'abc\\", true],
    ['a ]', false],
    ['// nothing', false],
    ['', false],
  ] as const)
    it(`${JSON.stringify(code)} ${expected ? 'goes on' : 'is complete'}`, () =>
      expect(isIncomplete(code)).to.equal(expected));

  for (const [why, code, expected] of [
    ['an expression stays', 'a + 1', 'a + 1'],
    ['a constant may be declared again', 'const a = 1', 'var   a = 1'],
    ['so may a variable', 'let a = 1; let b', 'var a = 1; var b'],
    ['and a class', 'class A {}', 'var A = class A {}'],
    ['blocks keep theirs', 'for (const a of b) { let c }', 'for (const a of b) { let c }'],
    ['an object stands alone', '{a: 1}', '({a: 1}\n)'],
    ['a block is a block', '{ f(); }', '{ f(); }'],
    ['what awaits becomes a function', 'await f()', '(async () => {\nreturn (await f()\n);\n})()'],
    [
      'its declarations are seen outside',
      'const {a} = await f(), b = 2; a',
      '(async () => {\n({a} = await f()), (b = 2);\nreturn (a\n);\n})()',
    ],
    ['functions may await', 'async () => await f()', 'async () => await f()'],
  ] as const)
    it(why, () => expect(rewrite(code)).to.equal(expected));

  it('shows where it cannot be read', () => {
    expect(() => rewrite('a\ndb.x.find({a: ]})'))
      .to.throw('Unexpected token\n  db.x.find({a: ]})\n                ^')
      .with.property('name', 'SyntaxError');
  });
});
