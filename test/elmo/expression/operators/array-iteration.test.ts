import { long, rows } from '../rows.js';

rows('$filter', [
  [{ $filter: { input: [1, 2], cond: true, limit: 0 } }, {}, 'error 327392'],
  [{ $filter: { input: [1, 2], cond: true, limit: 'a' } }, {}, 'error 327391'],
  [{ $filter: { input: [1, 2], cond: true, limit: 1.5 } }, {}, 'error 327391'],
  [{ $filter: { input: [1, 2], cond: true, limit: null } }, {}, [1, 2]],
  [{ $filter: { input: [1, 2], cond: true, limit: long(3000000000) } }, {}, 'error 327391'],
  [{ $filter: { input: 1, cond: true } }, {}, 'error 28651'],
  [{ $filter: 1 }, {}, 'error 28646'],
  [{ $filter: { input: [1], cond: 1, as: 'A' } }, {}, 'error 9'],
  [{ $filter: { input: [1], as: 'a' } }, {}, 'error 28650'],
  [{ $filter: { cond: 1 } }, {}, 'error 28648'],
  [{ $filter: { input: [1], cond: 1, z: 1 } }, {}, 'error 28647'],
  [{ $filter: { input: [1], cond: 1, as: 1 } }, {}, 'error 9'],
  [{ $filter: { input: '$zz', cond: true, limit: 'a' } }, {}, null],
  [{ $filter: { input: 1, cond: true, limit: 'a' } }, {}, 'error 28651'],
]);

rows('$reduce', [
  [{ $reduce: 1 }, {}, 'error 40075'],
  [{ $reduce: { input: 1, initialValue: 1, in: 1 } }, {}, 'error 40080'],
  [{ $reduce: { input: null, initialValue: 1, in: 1 } }, {}, null],
  [{ $reduce: { initialValue: 1, in: 1 } }, {}, 'error 40077'],
  [{ $reduce: { input: [], in: 1 } }, {}, 'error 40078'],
  [{ $reduce: { input: [], initialValue: 1 } }, {}, 'error 40079'],
  [{ $reduce: { input: [], initialValue: 1, in: 1, z: 1 } }, {}, 'error 40076'],
  [{ $reduce: { input: [1, 2], initialValue: '$z', in: '$$value' } }, {}, 'missing'],
  [{ $reduce: { input: [1, 2], initialValue: 0, in: '$$this' } }, {}, 2],
]);

rows('$zip', [
  [{ $zip: 1 }, {}, 'error 34460'],
  [{ $zip: { inputs: 1 } }, {}, 'error 34461'],
  [{ $zip: { inputs: [] } }, {}, 'error 34465'],
  [{ $zip: { inputs: [[1], null] } }, {}, null],
  [{ $zip: { inputs: [[1], 1] } }, {}, 'error 34468'],
  [
    { $zip: { inputs: [[1], [2, 3]], useLongestLength: true } },
    {},
    [
      [1, 2],
      [null, 3],
    ],
  ],
  [
    { $zip: { inputs: [[1], [2, 3]], useLongestLength: true, defaults: ['a', 'b'] } },
    {},
    [
      [1, 2],
      ['a', 3],
    ],
  ],
  [{ $zip: { inputs: [[1], [2, 3]], defaults: ['a'] } }, {}, 'error 34467'],
  [{ $zip: { inputs: [[1], [2, 3]], useLongestLength: true, defaults: ['a'] } }, {}, 'error 34467'],
  [{ $zip: { inputs: [[1]], useLongestLength: 1 } }, {}, 'error 34463'],
  [{ $zip: { z: 1 } }, {}, 'error 34464'],
  [{ $zip: {} }, {}, 'error 34465'],
  [{ $zip: { inputs: '$z' } }, {}, 'error 34461'],
  [
    { $zip: { inputs: [[1], [1, 2]], useLongestLength: true, defaults: ['$z', '$z'] } },
    {},
    [
      [1, 1],
      [null, 2],
    ],
  ],
  [{ $zip: { inputs: [['$z']] } }, {}, [[null]]],
  [{ $zip: { inputs: [[1]], useLongestLength: null } }, {}, 'error 34463'],
  [{ $zip: { inputs: [[1], [2, 3]], useLongestLength: false, defaults: [1, 2] } }, {}, 'error 34466'],
]);

rows('$zip takes defaults in an array alone', [
  [{ $zip: { inputs: [[1]], useLongestLength: true, defaults: 1 } }, {}, 'error 34462'],
  [{ $zip: { inputs: [[1]], useLongestLength: true, defaults: { a: 1 } } }, {}, 'error 34462'],
]);

rows('elements in rows', [
  [{ $map: { input: '$a', as: 'x', in: { $add: ['$$x', '$b'] } } }, { a: [1, 2], b: 10 }, [11, 12]],
  [
    { $map: { input: '$a', in: { $map: { input: '$$this', in: '$$this.b' } } } },
    { a: [[{ b: 1 }], [{ b: 2 }, {}]] },
    [[1], [2, null]],
  ],
  [{ $filter: { input: '$a', cond: { $gt: ['$$this', 1] } } }, { a: [1, 2, 3] }, [2, 3]],
  [{ $filter: { input: '$a', cond: true, limit: 2 } }, { a: [1, 2, 3] }, [1, 2]],
  [
    { $reduce: { input: '$a', initialValue: '', in: { $concat: ['$$value', '$$this'] } } },
    { a: ['x', 'y'] },
    'xy',
  ],
]);
