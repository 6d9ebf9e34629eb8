import { double, long, rows } from '../rows.js';

rows('$allElementsTrue', [
  [{ $allElementsTrue: [[]] }, {}, true],
  [{ $allElementsTrue: [[1, true]] }, {}, true],
  [{ $allElementsTrue: [[1, 0]] }, {}, false],
  [{ $allElementsTrue: [1] }, {}, 'error 17040'],
  [{ $allElementsTrue: [null] }, {}, 'error 17040'],
  [{ $allElementsTrue: [[null]] }, {}, false],
  [{ $allElementsTrue: [] }, {}, 'error 16020'],
  [{ $allElementsTrue: [[1], [2]] }, {}, 'error 16020'],
  [{ $allElementsTrue: '$z' }, {}, 'error 17040'],
]);

rows('$anyElementTrue', [
  [{ $anyElementTrue: [[]] }, {}, false],
  [{ $anyElementTrue: [[0, 1]] }, {}, true],
  [{ $anyElementTrue: [1] }, {}, 'error 17041'],
  [{ $anyElementTrue: '$z' }, {}, 'error 17041'],
  [{ $anyElementTrue: [[[]]] }, {}, true],
]);

rows('$setDifference', [
  [{ $setDifference: [[1, 2, 2, 3, 3], [2]] }, {}, [1, 3]],
  [{ $setDifference: [[3, 1, 3, 2], []] }, {}, [3, 1, 2]],
  [{ $setDifference: [null, 1] }, {}, null],
  [{ $setDifference: [1, null] }, {}, null],
  [{ $setDifference: [1, [1]] }, {}, 'error 17048'],
  [{ $setDifference: [[1], 1] }, {}, 'error 17049'],
  [{ $setDifference: [[1, 1, long(1)], []] }, {}, [1]],
  [{ $setDifference: [1, 1] }, {}, 'error 17048'],
  [{ $setDifference: ['$z', [1]] }, {}, null],
  [{ $setDifference: [[double(1), 1], []] }, {}, [double(1)]],
]);

rows('$setEquals', [
  [
    {
      $setEquals: [
        [1, 2],
        [2, 1, 1],
      ],
    },
    {},
    true,
  ],
  [{ $setEquals: [[1], [1], [1, 2]] }, {}, false],
  [{ $setEquals: [[1]] }, {}, 'error 17045'],
  [{ $setEquals: [] }, {}, 'error 17045'],
  [{ $setEquals: [1, [1]] }, {}, 'error 5887502'],
  [{ $setEquals: [[1], null] }, {}, 'error 5887502'],
  [{ $setEquals: [[1], [1]] }, {}, true],
  [{ $setEquals: [[], []] }, {}, true],
  [{ $setEquals: 1 }, {}, 'error 17045'],
  [{ $setEquals: ['$z', [1]] }, {}, 'error 17044'],
  [{ $setEquals: [{ $add: ['$a', 0] }, [1]] }, {}, 'error 17044'],
  [{ $setEquals: [1, '$z'] }, {}, 'error 5887502'],
]);

rows('$setIntersection', [
  [{ $setIntersection: [] }, {}, []],
  [
    {
      $setIntersection: [
        [1, 2, 3],
        [3, 2],
      ],
    },
    {},
    [2, 3],
  ],
  [
    {
      $setIntersection: [
        [3, 3, 1],
        [3, 1],
      ],
    },
    {},
    [1, 3],
  ],
  [{ $setIntersection: [[1], null] }, {}, null],
  [{ $setIntersection: [[1], 1] }, {}, 'error 17047'],
  [{ $setIntersection: [null, 1] }, {}, null],
  [{ $setIntersection: [[2, 1]] }, {}, [1, 2]],
  [{ $setIntersection: [[1], [1]] }, {}, [1]],
  [{ $setIntersection: [[long(1)], [1]] }, {}, [long(1)]],
  [{ $setIntersection: [[], 1] }, {}, 'error 17047'],
  [{ $setIntersection: [[1], [2], 3] }, {}, 'error 17047'],
  [{ $setIntersection: [[1], [2], null] }, {}, null],
  [{ $setIntersection: [[double(1)], [1]] }, {}, [double(1)]],
  [{ $setIntersection: ['x', '$z'] }, {}, null],
  [{ $setIntersection: ['x', 'y', '$z'] }, {}, 'error 17047'],
]);

rows('$setIsSubset', [
  [{ $setIsSubset: [[1], [1, 2]] }, {}, true],
  [
    {
      $setIsSubset: [
        [1, 3],
        [1, 2],
      ],
    },
    {},
    false,
  ],
  [{ $setIsSubset: [1, [1]] }, {}, 'error 17046'],
  [{ $setIsSubset: [[1], 1] }, {}, 'error 17042'],
  [{ $setIsSubset: [null, [1]] }, {}, 'error 17046'],
  [{ $setIsSubset: [[1], null] }, {}, 'error 17042'],
  [{ $setIsSubset: [[], []] }, {}, true],
  [{ $setIsSubset: [1, 1] }, {}, 'error 17046'],
  [{ $setIsSubset: [[1]] }, {}, 'error 16020'],
]);

rows('$setUnion', [
  [{ $setUnion: [] }, {}, []],
  [
    {
      $setUnion: [
        [3, 1],
        [2, 3],
      ],
    },
    {},
    [1, 2, 3],
  ],
  [{ $setUnion: [[1], null] }, {}, null],
  [{ $setUnion: [[1], 1] }, {}, 'error 17043'],
  [{ $setUnion: [null, 1] }, {}, null],
  [{ $setUnion: [[1], [1]] }, {}, [1]],
  [{ $setUnion: [['b', 'a', [1], {}]] }, {}, ['a', 'b', {}, [1]]],
  [{ $setUnion: null }, {}, null],
  [{ $setUnion: [[1], [double(1)]] }, {}, [1]],
  [{ $setUnion: [[double(1)], [1]] }, {}, [double(1)]],
  [{ $setUnion: ['x', [1], '$z'] }, {}, 'error 17043'],
  [{ $setUnion: ['x', '$z'] }, {}, null],
  [{ $setUnion: [{ $add: ['$zz', 1] }, [1]] }, {}, null],
]);
