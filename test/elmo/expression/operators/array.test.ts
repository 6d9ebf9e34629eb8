import { long, rows } from '../rows.js';

rows('$arrayElemAt', [
  [{ $arrayElemAt: [[1, 2], 0] }, {}, 1],
  [{ $arrayElemAt: [[1, 2], -1] }, {}, 2],
  [{ $arrayElemAt: [[1, 2], 5] }, {}, 'missing'],
  [{ $arrayElemAt: [1, 0] }, {}, 'error 28689'],
  [{ $arrayElemAt: [[1], 'a'] }, {}, 'error 28690'],
  [{ $arrayElemAt: [[1], 1.5] }, {}, 'error 28691'],
  [{ $arrayElemAt: [null, 'a'] }, {}, null],
  [{ $arrayElemAt: [1, null] }, {}, null],
  [{ $arrayElemAt: [[1], null] }, {}, null],
  [{ $arrayElemAt: [[1], long(9999999999)] }, {}, 'error 28691'],
]);

rows('$arrayToObject', [
  [
    {
      $arrayToObject: [
        [
          ['a', 1],
          ['a', 2],
          ['b', 3],
        ],
      ],
    },
    {},
    { a: 2, b: 3 },
  ],
  [{ $arrayToObject: { $literal: [['a\u0000b', 1]] } }, {}, 'error 4940400'],
  [{ $arrayToObject: { $literal: [{ k: 'a\u0000b', v: 1 }] } }, {}, 'error 4940401'],
  [{ $arrayToObject: { $literal: [] } }, {}, {}],
  [{ $arrayToObject: { $literal: [1] } }, {}, 'error 40398'],
  [{ $arrayToObject: { $literal: [{ k: 'a' }] } }, {}, 'error 40392'],
  [{ $arrayToObject: { $literal: [{ k: 'a', z: 1 }] } }, {}, 'error 40393'],
  [{ $arrayToObject: { $literal: [{ v: 1, k: 'a' }] } }, {}, { a: 1 }],
  [{ $arrayToObject: { $literal: [{ k: 1, v: 1 }] } }, {}, 'error 40394'],
  [{ $arrayToObject: { $literal: [[1, 1]] } }, {}, 'error 40395'],
  [{ $arrayToObject: { $literal: [['a', 1, 2]] } }, {}, 'error 40397'],
  [{ $arrayToObject: { $literal: [['a', 1], { k: 'b', v: 1 }] } }, {}, 'error 40396'],
  [{ $arrayToObject: { $literal: [{ k: 'b', v: 1 }, ['a', 1]] } }, {}, 'error 40391'],
  [{ $arrayToObject: { $literal: [['a', 1], 2] } }, {}, 'error 40396'],
  [{ $arrayToObject: 'a' }, {}, 'error 40386'],
  [{ $arrayToObject: '$zz' }, {}, null],
  [{ $arrayToObject: [1, 2] }, {}, 'error 16020'],
  [{ $arrayToObject: { $literal: [['$a.b', 1]] } }, {}, { '$a.b': 1 }],
  [{ $arrayToObject: { $literal: [['', 1]] } }, {}, { '': 1 }],
  [{ $arrayToObject: [[['a', '$zz']]] }, {}, { a: null }],
  [{ $arrayToObject: [[{ k: 'a', v: '$zz' }]] }, {}, 'error 40392'],
  [{ $arrayToObject: { $literal: [null] } }, {}, 'error 40398'],
]);

rows('$concatArrays', [
  [{ $concatArrays: [] }, {}, []],
  [{ $concatArrays: [[1], null] }, {}, null],
  [{ $concatArrays: [[1], 2] }, {}, 'error 28664'],
  [{ $concatArrays: [null, 2] }, {}, null],
  [{ $concatArrays: [2, null] }, {}, 'error 28664'],
  [{ $concatArrays: null }, {}, null],
  [{ $concatArrays: ['a', '$z'] }, {}, 'error 28664'],
  [{ $concatArrays: ['$z', 'a', 'b'] }, {}, 'error 28664'],
]);

rows('$first', [
  [{ $first: [[1, 2]] }, {}, 1],
  [{ $first: '$z' }, {}, null],
  [{ $first: 1 }, {}, 'error 28689'],
  [{ $first: [1, 2] }, {}, 'error 16020'],
  [{ $first: [] }, {}, 'error 16020'],
]);

rows('$in', [
  [{ $in: [1, [1]] }, {}, true],
  [{ $in: [1, 1] }, {}, 'error 40081'],
  [{ $in: [1, null] }, {}, 'error 40081'],
]);

rows('$indexOfArray', [
  [{ $indexOfArray: [[1, 2], 2] }, {}, 1],
  [{ $indexOfArray: [null, 2] }, {}, null],
  [{ $indexOfArray: ['a', 2] }, {}, 'error 40090'],
  [{ $indexOfArray: [[1, 2], 2, 'a'] }, {}, 'error 9711600'],
  [{ $indexOfArray: [[1, 2], 2, -1] }, {}, 'error 9711601'],
  [{ $indexOfArray: [[1, 2], 2, 0, 1] }, {}, -1],
  [{ $indexOfArray: [[1, 2], 2, 0, -1] }, {}, 'error 9711601'],
  [{ $indexOfArray: [[1, 2], 2, null] }, {}, 'error 9711600'],
  [{ $indexOfArray: [[1, 2], 2, 5] }, {}, -1],
  [{ $indexOfArray: [[1, 2], 2, 1, 0] }, {}, -1],
  [{ $indexOfArray: [[1, null], '$z'] }, {}, -1],
  [{ $indexOfArray: ['a', '$z'] }, {}, 'error 50809'],
  [{ $indexOfArray: [null, '$z'] }, {}, null],
  [{ $indexOfArray: [[1], '$z', 'a'] }, {}, 'error 9711600'],
]);

rows('$isArray', [
  [{ $isArray: [] }, {}, 'error 16020'],
  [{ $isArray: [1, 2] }, {}, 'error 16020'],
  [{ $isArray: '$z' }, {}, false],
  [{ $isArray: [[1]] }, {}, true],
]);

rows('$last', [
  [{ $last: [[]] }, {}, 'missing'],
  [{ $last: [[1, 2]] }, {}, 2],
]);

rows('$objectToArray', [
  [{ $objectToArray: 1 }, {}, 'error 40390'],
  [{ $objectToArray: null }, {}, null],
  [{ $objectToArray: { a: '$zz', b: 1 } }, {}, [{ k: 'b', v: 1 }]],
  [{ $objectToArray: { $literal: [1] } }, {}, 'error 40390'],
]);

rows('$range', [
  [{ $range: [0, 5] }, {}, [0, 1, 2, 3, 4]],
  [{ $range: [5, 0, -2] }, {}, [5, 3, 1]],
  [{ $range: [0, 5, 0] }, {}, 'error 34449'],
  [{ $range: [0, 'a'] }, {}, 'error 34445'],
  [{ $range: [null, 1] }, {}, 'error 34443'],
  [{ $range: [0, 1.5] }, {}, 'error 34446'],
  [{ $range: [0, 5, null] }, {}, 'error 34447'],
  [{ $range: [0, 5, 1.5] }, {}, 'error 34448'],
  [{ $range: [0, long(9999999999)] }, {}, 'error 34446'],
  [{ $range: [0, 200000000] }, {}, 'error 146'],
]);

rows('$reverseArray', [
  [{ $reverseArray: 1 }, {}, 'error 34435'],
  [{ $reverseArray: null }, {}, null],
]);

rows('$size', [
  [{ $size: null }, {}, 'error 17124'],
  [{ $size: '$z' }, {}, 'error 17124'],
]);

rows('$slice', [
  [{ $slice: [[1, 2, 3], 2] }, {}, [1, 2]],
  [{ $slice: [[1, 2, 3], -2] }, {}, [2, 3]],
  [{ $slice: [[1, 2, 3], -5, 2] }, {}, [1, 2]],
  [{ $slice: [[1, 2, 3], 1, 0] }, {}, 'error 28729'],
  [{ $slice: [[1, 2, 3], 1, -1] }, {}, 'error 28729'],
  [{ $slice: [1, 1] }, {}, 'error 28724'],
  [{ $slice: [[1], 'a'] }, {}, 'error 28725'],
  [{ $slice: [[1], 1.5] }, {}, 'error 28726'],
  [{ $slice: [[1], 1, 'a'] }, {}, 'error 28727'],
  [{ $slice: [[1], 1, 1.5] }, {}, 'error 28728'],
  [{ $slice: [[1], null] }, {}, null],
  [{ $slice: [[1], 1, null] }, {}, null],
  [{ $slice: [null, 'a'] }, {}, null],
  [{ $slice: [[1], 'a', null] }, {}, 'error 28725'],
  [{ $slice: [1] }, {}, 'error 28667'],
  [{ $slice: [[1, 2, 3], 5, 2] }, {}, []],
  [{ $slice: [[1, 2, 3], long(9999999999)] }, {}, 'error 28726'],
]);
