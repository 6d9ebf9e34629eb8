import { decimal, double, long, rows } from '../rows.js';

rows('$firstN', [
  [{ $firstN: 1 }, {}, 'error 5787801'],
  [{ $firstN: { input: [1, 2, 3], n: 2 } }, {}, [1, 2]],
  [{ $firstN: { input: 1, n: 2 } }, {}, 'error 5788200'],
  [{ $firstN: { input: null, n: 2 } }, {}, 'error 5788200'],
  [{ $firstN: { input: [1], n: 0 } }, {}, 'error 5787908'],
  [{ $firstN: { input: [1], n: -1 } }, {}, 'error 5787908'],
  [{ $firstN: { input: [1], n: 'a' } }, {}, 'error 5787902'],
  [{ $firstN: { input: [1], n: 1.5 } }, {}, 'error 5787903'],
  [{ $firstN: { input: [1], n: null } }, {}, 'error 5787902'],
  [{ $firstN: { n: 1 } }, {}, 'error 5787907'],
  [{ $firstN: { input: [1] } }, {}, 'error 5787906'],
  [{ $firstN: { input: [1], n: 1, z: 1 } }, {}, 'error 5787901'],
  [{ $firstN: { input: 'x', n: 'a' } }, {}, 'error 5787902'],
  [{ $firstN: { n: 0, input: 'x' } }, {}, 'error 5787908'],
  [{ $firstN: { n: -1, input: '$z' } }, {}, 'error 5787908'],
  [{ $firstN: { n: long(99999999999), input: [1] } }, {}, [1]],
  [{ $firstN: { n: decimal('1.5'), input: [1] } }, {}, 'error 5787903'],
  [{ $firstN: { n: decimal('1'), input: [1] } }, {}, [1]],
  [{ $firstN: { n: NaN, input: [1] } }, {}, 'error 31109'],
  [{ $firstN: { n: Infinity, input: [1] } }, {}, 'error 31109'],
  [{ $firstN: { n: decimal('NaN'), input: [1] } }, {}, 'error 31109'],
]);

rows('$lastN', [
  [{ $lastN: { input: [1, 2, 3], n: 2 } }, {}, [2, 3]],
  [{ $lastN: 1 }, {}, 'error 5787801'],
]);

rows('$maxN', [
  [{ $maxN: { input: [3, 1, null, '$z', 2], n: 2 } }, {}, [3, 2]],
  [{ $maxN: { input: [1], n: long(99999999999) } }, {}, [1]],
  [{ $maxN: { input: [1], n: double(1e300) } }, {}, 'error 31109'],
  [{ $maxN: { input: 1 } }, {}, 'error 5787906'],
  [{ $maxN: 1 }, {}, 'error 5787900'],
  [{ $maxN: [1] }, {}, 'error 5787900'],
  [{ $maxN: { input: [1], z: 1 } }, {}, 'error 5787901'],
  [{ $maxN: { input: [double(1), 1], n: 1 } }, {}, [double(1)]],
  [{ $maxN: { input: [double(1), 1], n: 2 } }, {}, [1, double(1)]],
]);

rows('$minN', [
  [{ $minN: { input: [3, 1, null, '$z', 2], n: 3 } }, {}, [1, 2, 3]],
  [{ $minN: { input: 1, n: 3 } }, {}, 'error 5788200'],
  [{ $minN: 1 }, {}, 'error 5787900'],
  [{ $minN: { input: [double(1), 1], n: 2 } }, {}, [1, double(1)]],
  [{ $minN: { input: [double(1), 1], n: 1 } }, {}, [double(1)]],
]);

rows('$sortArray', [
  [{ $sortArray: 1 }, {}, 'error 2942500'],
  [{ $sortArray: { input: [3, 1, 2], sortBy: 1 } }, {}, [1, 2, 3]],
  [{ $sortArray: { input: [3, 1, 2], sortBy: -1 } }, {}, [3, 2, 1]],
  [{ $sortArray: { input: 1, sortBy: 1 } }, {}, 'error 2942504'],
  [{ $sortArray: { input: [1], sortBy: 0 } }, {}, 'error 2942506'],
  [{ $sortArray: { input: [1], sortBy: 'a' } }, {}, 'error 2942507'],
  [{ $sortArray: { input: [1], sortBy: {} } }, {}, 'error 2942505'],
  [
    { $sortArray: { input: [{ a: 2 }, { a: 1 }, 3, 'x', [1]], sortBy: { a: 1 } } },
    {},
    [3, 'x', [1], { a: 1 }, { a: 2 }],
  ],
  [{ $sortArray: { input: [1], sortBy: { a: 2 } } }, {}, 'error 2942505'],
  [{ $sortArray: { input: [1], sortBy: { a: 'x' } } }, {}, 'error 2942505'],
  [{ $sortArray: { input: [1], sortBy: { 'a.b': 1 } } }, {}, [1]],
  [{ $sortArray: { input: [1], sortBy: { $a: 1 } } }, {}, [1]],
  [{ $sortArray: { input: [1] } }, {}, 'error 2942503'],
  [{ $sortArray: { sortBy: 1 } }, {}, 'error 2942502'],
  [{ $sortArray: { input: [1], sortBy: 1, z: 1 } }, {}, 'error 2942501'],
  [{ $sortArray: { input: null, sortBy: 1 } }, {}, null],
  [{ $sortArray: { input: [1], sortBy: 1.5 } }, {}, 'error 2942506'],
  [{ $sortArray: { input: [1], sortBy: null } }, {}, 'error 2942507'],
  [{ $sortArray: { input: [1], sortBy: { a: { $meta: 'x' } } } }, {}, 'error 2942505'],
  [{ $sortArray: { input: [1, null, '$z', [], [1]], sortBy: 1 } }, {}, [null, null, 1, [], [1]]],
  [{ $sortArray: { input: [1], sortBy: { a: 1, b: long(-1) } } }, {}, [1]],
  [{ $sortArray: { input: [1], sortBy: true } }, {}, 'error 2942507'],
  [{ $sortArray: { input: [1], sortBy: { '': 1 } } }, {}, 'error 2942505'],
  [{ $sortArray: { input: [1], sortBy: { 'a..b': 1 } } }, {}, 'error 2942505'],
  [
    { $sortArray: { input: [{ a: [1, 5] }, { a: [2, 3] }, { a: [] }, { a: null }, {}], sortBy: { a: -1 } } },
    {},
    [{ a: [2, 3] }, { a: [1, 5] }, { a: [] }, { a: null }, {}],
  ],
  [
    {
      $sortArray: {
        input: [{ a: [{ b: 3 }, { b: 1 }] }, { a: { b: 2 } }, { a: [] }, { a: 1 }, { a: [{ b: 0 }] }],
        sortBy: { 'a.b': 1 },
      },
    },
    {},
    [{ a: [{ b: 3 }, { b: 1 }] }, { a: [] }, { a: 1 }, { a: [{ b: 0 }] }, { a: { b: 2 } }],
  ],
  [
    { $sortArray: { input: [{ a: null }, {}, { a: null }, { b: 1 }], sortBy: { a: 1 } } },
    {},
    [{ a: null }, {}, { a: null }, { b: 1 }],
  ],
  [
    { $sortArray: { input: [{}, { a: null }, { b: 1 }], sortBy: { a: -1 } } },
    {},
    [{}, { a: null }, { b: 1 }],
  ],
  [
    { $sortArray: { input: [{ a: null, b: 2 }, { b: 1 }, { a: null, b: 0 }], sortBy: { a: 1, b: 1 } } },
    {},
    [{ a: null, b: 0 }, { b: 1 }, { a: null, b: 2 }],
  ],
  [
    {
      $sortArray: {
        input: [
          { a: 1, b: 2 },
          { a: 1, b: 1 },
        ],
        sortBy: { a: -1 },
      },
    },
    {},
    [
      { a: 1, b: 2 },
      { a: 1, b: 1 },
    ],
  ],
  [{ $sortArray: { input: [[{ a: 2 }], [{ a: 1 }]], sortBy: { a: 1 } } }, {}, [[{ a: 2 }], [{ a: 1 }]]],
  [{ $sortArray: { input: [1], sortBy: decimal('1') } }, {}, [1]],
  [{ $sortArray: { input: [1], sortBy: 1.0000001 } }, {}, 'error 2942506'],
  [{ $sortArray: { input: [1], sortBy: '$a' } }, {}, 'error 2942507'],
  [{ $sortArray: { input: [1], sortBy: [1] } }, {}, 'error 2942507'],
  [{ $sortArray: { input: [1], sortBy: { a: { $add: [1] } } } }, {}, 'error 2942505'],
  [{ $sortArray: { input: [{ a: 3 }, { a: 1 }], sortBy: { 'a.': 1 } } }, {}, 'error 2942505'],
  [
    { $sortArray: { input: [{ a: { '0': 1 } }, { a: [5] }], sortBy: { 'a.0': 1 } } },
    {},
    [{ a: { '0': 1 } }, { a: [5] }],
  ],
  [{ $sortArray: { input: [1], sortBy: { a: null } } }, {}, 'error 2942505'],
  [{ $sortArray: { input: [1], sortBy: { a: true } } }, {}, 'error 2942505'],
]);
