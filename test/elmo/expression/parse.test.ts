import { expect } from 'chai';
import { valueOf } from '../../../elmo/bson/value.js';
import { parseExpression } from '../../../elmo/expression/parse.js';
import { NOW_MS, outcome, shown, testScope } from './evaluating.js';
import { rows } from './rows.js';

describe('expressions', () => {
  rows('paths', [
    ['$a', { a: 1 }, 1],
    ['$a.b', { a: { b: 1 } }, 1],
    ['$a.b', { a: 7 }, 'missing'],
    ['$a.b', { a: [] }, []],
    ['$a.b', { a: [{ b: 1 }, { b: 2 }, 3, [{ b: 4 }], { c: 1 }] }, [1, 2]],
    ['$a.b.c', { a: [{ b: [{ c: 1 }, { c: 2 }] }, { b: { c: 3 } }, { b: 5 }] }, [[1, 2], 3]],
    ['$a.0', { a: [1, 2] }, []],
    ['$a.0', { a: [{ 0: 5 }] }, [5]],
    ['$$ROOT.a.b.c.d', { a: [{ b: [{ c: [{ d: 1 }] }] }] }, [[[1]]]],
    ['$a$b', { a$b: 1 }, 1],
    ['$', {}, 'error 16872'],
    ['$.a', {}, 'error 15998'],
    ['$a..b', {}, 'error 15998'],
    ['$a.', {}, 'error 40353'],
    ['$a.$b', {}, 'error 16410'],
    ['$a\0b', {}, 'error 16411'],
    [`$${'a.'.repeat(198)}a`, {}, 'missing'],
    [`$${'a.'.repeat(199)}a`, {}, 'error 15'],
  ]);

  rows('variables of the engine', [
    ['$$ROOT', { a: 1 }, { a: 1 }],
    ['$$CURRENT.a', { a: 1 }, 1],
    ['$$REMOVE', {}, 'missing'],
    ['$$REMOVE.a', {}, 'missing'],
    ['$$NOW', {}, new Date(NOW_MS)],
    ['$$NOW.a', {}, 'missing'],
    ['$$USER_ROLES', {}, []],
    ['$$CLUSTER_TIME', {}, 'error 51144'],
    ['$$SEARCH_META', {}, 'error 6347902'],
    ['$$ROOT.$b', {}, 'error 16410'],
    ['$$', {}, 'error 9'],
    ['$$.a', {}, 'error 9'],
    ['$$1a', {}, 'error 9'],
    ['$$_a', {}, 'error 9'],
    ['$$a b', {}, 'error 9'],
    ['$$a', {}, 'error 17276'],
    ['$$zz..b', {}, 'error 17276'],
  ]);

  rows('documents and arrays', [
    [{ x: { a: '$q', b: 1 } }, {}, { x: { b: 1 } }],
    [{ a: '$$REMOVE', b: 1 }, {}, { b: 1 }],
    [['$q', 1, '$$REMOVE', null], {}, [null, 1, null, null]],
    [['a', { b: '$q' }], {}, ['a', {}]],
    [{}, {}, {}],
    [{ x: [{}] }, {}, { x: [{}] }],
    [{ a$: 1 }, {}, { a$: 1 }],
    [{ $nope: 1 }, {}, 'error 168'],
    [{ x: [{ $nope: 1 }] }, {}, 'error 168'],
    [{ $literal: 1, $const: 2 }, {}, 'error 15983'],
    [{ $literal: 1, a: 2 }, {}, 'error 15983'],
    [{ a: 1, $literal: 1 }, {}, 'error 16410'],
    [{ 'a.b': 1 }, {}, 'error 16412'],
    [{ '': 1 }, {}, 'error 15998'],
    [{ toString: 1 }, {}, { toString: 1 }],
    [{ $toString$: 1 }, {}, 'error 168'],
  ]);

  rows('$literal', [
    [{ $literal: '$a' }, { a: 1 }, '$a'],
    [{ $literal: { a: { $add: 1 } } }, {}, { a: { $add: 1 } }],
    [{ $const: ['$a'] }, {}, ['$a']],
  ]);

  rows('$let', [
    [{ $let: { vars: { a: 1 }, in: '$$a' } }, {}, 1],
    [{ $let: { vars: { a: '$x' }, in: '$$a.b' } }, { x: [{ b: 1 }, { b: 2 }] }, [1, 2]],
    [{ $let: { vars: { a: '$x' }, in: ['$$a'] } }, {}, [null]],
    [
      {
        $let: { vars: { a: '$x' }, in: { $let: { vars: { a: '$y', b: '$$a' }, in: ['$$a', '$$b'] } } },
      },
      { x: 1, y: 2 },
      [2, 1],
    ],
    [{ $let: { vars: { CURRENT: '$x' }, in: '$y.z' } }, { x: { y: [{ z: 1 }] } }, [1]],
    [{ $let: { vars: { CURRENT: '$x' }, in: '$$ROOT.q' } }, { q: 4, x: 1 }, 4],
    [{ $let: { vars: { é: 1 }, in: '$$é' } }, {}, 1],
    [{ $let: { vars: [], in: 1 } }, {}, 1],
    [{ $let: { vars: { a: { $divide: [1, '$z'] } }, in: '$z' } }, { z: 0 }, 0],
    [{ $let: { vars: { a: { $divide: [1, '$z'] } }, in: { $cond: ['$z', '$$a', 1] } } }, { z: 0 }, 'error 2'],
    [{ $let: { vars: { a: { $divide: [1, 0] } }, in: 1 } }, {}, 'error 2'],
    [{ $let: { vars: { a: 1, b: '$$a' }, in: 1 } }, {}, 'error 17276'],
    [{ $let: { vars: { A: 1 }, in: 1 } }, {}, 'error 9'],
    [{ $let: { vars: { ROOT: 1 }, in: 1 } }, {}, 'error 9'],
    [{ $let: { vars: { 'a.b': 1 }, in: 1 } }, {}, 'error 9'],
    [{ $let: { vars: { '': 1 }, in: 1 } }, {}, 'error 9'],
    [{ $let: { vars: 1, in: 1 } }, {}, 'error 10065'],
    [{ $let: { in: 1 } }, {}, 'error 16876'],
    [{ $let: { vars: {} } }, {}, 'error 16877'],
    [{ $let: { vars: {}, in: 1, z: 1 } }, {}, 'error 16875'],
    [{ $let: [1] }, {}, 'error 16874'],
  ]);

  describe('what consumers see', () => {
    const parse = (expression: unknown): ReturnType<typeof parseExpression> =>
      parseExpression(valueOf(expression), testScope());

    it('a path from the root is known as such', () => {
      expect(parse('$a.b').rootPath).to.equal('a.b');
      expect(parse('$$ROOT.a').rootPath).to.equal('a');
      expect(parse({ a: '$b' }).rootPath).to.equal(undefined);
    });

    it('constants are computed at parsing', () => {
      expect(parse({ a: [1, { $literal: 2 }] }).constant).to.not.equal(undefined);
      expect(parse({ a: '$b' }).constant).to.equal(undefined);
      expect(parse({ $let: { vars: { a: 1 }, in: ['$$a'] } }).constant).to.not.equal(undefined);
    });

    it('dependencies are paths, or the whole document', () => {
      const into = new Set<string>();
      parse({ x: ['$a.b', '$c'], y: { $let: { vars: { v: '$d' }, in: '$$v.e' } } }).addDependencies(into);
      expect([...into].sort()).to.deep.equal(['a.b', 'c', 'd']);
      parse('$$ROOT').addDependencies(into);
      expect(into.has('')).to.equal(true);
    });

    it("a command's variables are constants", () => {
      const scope = testScope({ constants: new Map([['v', valueOf([{ y: 1 }])]]) });
      expect(outcome('$$v.y', {}, scope)).to.equal(shown([1]));
      expect(parseExpression(valueOf('$$v'), scope).constant).to.not.equal(undefined);
    });
  });
});
