import { BSONRegExp, BSONSymbol } from '../../../../elmo/bson/package.js';
import { rows } from '../rows.js';

rows('$regexMatch', [
  [{ $regexMatch: { input: 'a', regex: 'a' } }, {}, true],
  [{ $regexMatch: { input: null, regex: 'a' } }, {}, false],
  [{ $regexMatch: { input: 'a', regex: null } }, {}, false],
  [{ $regexMatch: { input: 1, regex: 'a' } }, {}, 'error 51104'],
  [{ $regexMatch: { input: 'a', regex: 1 } }, {}, 'error 51105'],
  [{ $regexMatch: { input: 'a', regex: 'a', options: 1 } }, {}, 'error 51106'],
  [{ $regexMatch: { input: 'a', regex: 'a', options: null } }, {}, true],
  [{ $regexMatch: { input: 'A', regex: new BSONRegExp('a', 'i') } }, {}, true],
  [{ $regexMatch: { input: 'A', regex: new BSONRegExp('a', 'i'), options: 'i' } }, {}, 'error 51107'],
  [{ $regexMatch: { input: 'A', regex: new BSONRegExp('a', ''), options: 'i' } }, {}, true],
  [{ $regexMatch: { input: 'A', regex: new BSONRegExp('a', 'i'), options: '' } }, {}, 'error 51107'],
  [{ $regexMatch: 1 }, {}, 'error 51103'],
  [{ $regexMatch: { input: 'a' } }, {}, 'error 31023'],
  [{ $regexMatch: { regex: 'a' } }, {}, 'error 31022'],
  [{ $regexMatch: { input: 'a', regex: 'a', z: 1 } }, {}, 'error 31024'],
  [{ $regexMatch: { input: null, regex: 1 } }, {}, 'error 51105'],
  [{ $regexMatch: { input: 'a', regex: '(', options: 'i' } }, {}, 'error 51111'],
  [{ $regexMatch: { input: 'a', regex: 'a', options: 'z' } }, {}, 'error 51108'],
  [{ $regexMatch: { input: 'a', regex: 'a', options: 'i\u0000' } }, {}, 'error 51110'],
  [{ $regexMatch: { input: null, regex: '(' } }, {}, 'error 51111'],
  [{ $regexMatch: { input: 1, regex: '(' } }, {}, 'error 51111'],
  [{ $regexMatch: { input: '$z', regex: '$z', options: 'z' } }, {}, false],
  [{ $regexMatch: { input: 'a', regex: '$z', options: 1 } }, {}, 'error 51106'],
  [{ $regexMatch: { input: 'a', regex: '$z', options: 'z' } }, {}, false],
  [{ $regexMatch: { input: new BSONSymbol('a'), regex: 'a' } }, {}, 'error 51104'],
]);

rows('$regexFind', [
  [{ $regexFind: { input: null, regex: 'a' } }, {}, null],
  [{ $regexFind: { input: 'b', regex: 'a' } }, {}, null],
  [{ $regexFind: { input: 'a', regex: 'a', options: '$z' } }, {}, { match: 'a', idx: 0, captures: [] }],
  [{ $regexFind: { input: 'éa', regex: '(?<=é)a' } }, {}, { match: 'a', idx: 1, captures: [] }],
]);

rows('$regexFindAll', [
  [{ $regexFindAll: { input: null, regex: 'a' } }, {}, []],
  [
    { $regexFindAll: { input: 'aab', regex: 'a*' } },
    {},
    [
      { match: 'aa', idx: 0, captures: [] },
      { match: '', idx: 2, captures: [] },
    ],
  ],
  [
    { $regexFindAll: { input: 'é a', regex: '(a)|(b)' } },
    {},
    [{ match: 'a', idx: 2, captures: ['a', null] }],
  ],
  [{ $regexFindAll: { input: '', regex: '' } }, {}, [{ match: '', idx: 0, captures: [] }]],
  [
    { $regexFindAll: { input: 'ab', regex: '' } },
    {},
    [
      { match: '', idx: 0, captures: [] },
      { match: '', idx: 1, captures: [] },
    ],
  ],
  [{ $regexFindAll: { input: 'ab', regex: null } }, {}, []],
  [
    { $regexFindAll: { input: 'aXbX', regex: '(?<x>X)$|X' } },
    {},
    [
      { match: 'X', idx: 1, captures: [null] },
      { match: 'X', idx: 3, captures: ['X'] },
    ],
  ],
]);
