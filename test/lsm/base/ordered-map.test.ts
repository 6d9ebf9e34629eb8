import { expect } from 'chai';
import fc from 'fast-check';
import { compareBytes, type Bytes } from '../../../lsm/base/bytes.js';
import {
  mapAtLeast,
  mapAtMost,
  mapBelow,
  mapCount,
  mapDelete,
  mapDeleteRange,
  mapEntries,
  mapFirst,
  mapFrom,
  mapGet,
  mapLast,
  mapPut,
  type OrderedMap,
} from '../../../lsm/base/ordered-map.js';

const key = (n: number): Bytes => Uint8Array.from([n >>> 8, n]);
const numberOf = (bytes: Bytes): number => bytes[0]! * 256 + bytes[1]!;
const numbers = (map: OrderedMap<unknown>): number[] =>
  [...mapEntries(map)].map((entry) => numberOf(entry.key));

/** @returns the depth; throws if a node breaks the rules of the map */
function checkShape(map: OrderedMap<unknown>): number {
  if (map === undefined) return 0;
  const left = mapCount(map.left) + 1;
  const right = mapCount(map.right) + 1;
  expect(map.count).to.equal(left + right - 1);
  expect(left <= 3 * right && right <= 3 * left, `weights ${left} and ${right}`).to.equal(true);
  return 1 + Math.max(checkShape(map.left), checkShape(map.right));
}

type Change =
  readonly ['put' | 'delete', number] | readonly ['deleteRange', number | undefined, number | undefined];
const number = fc.nat({ max: 80 });
const bound = fc.option(number, { nil: undefined });
const changes = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.tuple(fc.constant('put' as const), number) },
    { weight: 3, arbitrary: fc.tuple(fc.constant('delete' as const), number) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('deleteRange' as const), bound, bound) },
  ) as fc.Arbitrary<Change>,
  { maxLength: 200 },
);
const at = (n: number | undefined): Bytes | undefined => (n === undefined ? undefined : key(n));

describe('ordered map', () => {
  it('does what a sorted list does, stays balanced, and leaves older maps as they were', () => {
    fc.assert(
      fc.property(changes, number, (program, probe) => {
        let map: OrderedMap<number> = undefined;
        let model: number[] = [];
        const old: [OrderedMap<number>, number[]][] = [];
        for (const [what, a, b] of program) {
          old.push([map, model]);
          if (what === 'put') {
            map = mapPut(map, key(a), a);
            model = [...new Set([...model, a])].sort((x, y) => x - y);
          } else if (what === 'delete') {
            map = mapDelete(map, key(a));
            model = model.filter((n) => n !== a);
          } else {
            map = mapDeleteRange(map, at(a), at(b));
            model = model.filter((n) => (a !== undefined && n < a) || (b !== undefined && n >= b));
          }
        }
        checkShape(map);
        expect(numbers(map)).to.deep.equal(model);
        for (const [was, had] of old.slice(-5)) expect(numbers(was)).to.deep.equal(had);
        expect(mapGet(map, key(probe))?.value).to.equal(model.find((n) => n === probe));
        expect(mapAtLeast(map, key(probe))?.value).to.equal(model.find((n) => n >= probe));
        expect(mapAtLeast(map, key(probe), true)?.value).to.equal(model.find((n) => n > probe));
        expect(mapAtMost(map, key(probe))?.value).to.equal(model.findLast((n) => n <= probe));
        expect(mapAtMost(map, key(probe), true)?.value).to.equal(model.findLast((n) => n < probe));
        expect(mapFirst(map)?.value).to.equal(model[0]);
        expect(mapLast(map)?.value).to.equal(model[model.length - 1]);
        expect(numbers(mapBelow(map, key(probe)))).to.deep.equal(model.filter((n) => n < probe));
        expect(numbers(mapFrom(map, key(probe)))).to.deep.equal(model.filter((n) => n >= probe));
      }),
      { numRuns: 300 },
    );
  });

  it('stays shallow when filled in order and cut in halves', () => {
    let map: OrderedMap<number> = undefined;
    for (let n = 0; n < 20_000; n++) map = mapPut(map, key(n), n);
    expect(checkShape(map)).to.be.lessThan(36);
    map = mapDeleteRange(map, key(100), key(15_000));
    expect(checkShape(map)).to.be.lessThan(32);
    expect(mapCount(map)).to.equal(5_100);
    expect(
      [...mapEntries(map)].every(({ key: k }, i, all) => i === 0 || compareBytes(all[i - 1]!.key, k) < 0),
    ).to.equal(true);
  });
});
