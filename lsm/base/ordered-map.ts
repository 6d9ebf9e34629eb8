/**
 * An immutable ordered map from byte strings to values: each change makes a new map that shares all but O(log n) nodes
 * with the old one, so a snapshot is the map itself.
 *
 * A map is its root node, or undefined when empty. What must stay true of each node: keys to its left are smaller, keys to
 * its right greater; neither side has more than three times the weight of the other (weight = entries + 1), which bounds
 * the depth to 2.5 log2 n.
 *
 * Source: Y. Hirai, K. Yamamoto, "Balancing weight-balanced trees", 2011: the constants 3 and 2.
 */
import { compareBytes, type Bytes } from './bytes.js';

export interface MapNode<V> {
  readonly key: Bytes;
  readonly value: V;
  readonly left: OrderedMap<V>;
  readonly right: OrderedMap<V>;
  /** Entries in the node and below. */
  readonly count: number;
}

/** undefined: the empty map. */
export type OrderedMap<V> = MapNode<V> | undefined;

const MAX_RATIO = 3;
const SINGLE_ROTATION_RATIO = 2;

export function mapCount<V>(map: OrderedMap<V>): number {
  return map === undefined ? 0 : map.count;
}

export function mapGet<V>(map: OrderedMap<V>, key: Bytes): MapNode<V> | undefined {
  while (map !== undefined) {
    const order = compareBytes(key, map.key);
    if (order === 0) return map;
    map = order < 0 ? map.left : map.right;
  }
  return undefined;
}

/** The first entry with a key >= `key`, or > it when `isStrict`. */
export function mapAtLeast<V>(map: OrderedMap<V>, key: Bytes, isStrict = false): MapNode<V> | undefined {
  let found: MapNode<V> | undefined;
  while (map !== undefined) {
    const order = compareBytes(map.key, key);
    if (order > 0 || (order === 0 && !isStrict)) {
      found = map;
      map = map.left;
    } else map = map.right;
  }
  return found;
}

/** The last entry with a key <= `key`, or < it when `isStrict`. */
export function mapAtMost<V>(map: OrderedMap<V>, key: Bytes, isStrict = false): MapNode<V> | undefined {
  let found: MapNode<V> | undefined;
  while (map !== undefined) {
    const order = compareBytes(map.key, key);
    if (order < 0 || (order === 0 && !isStrict)) {
      found = map;
      map = map.right;
    } else map = map.left;
  }
  return found;
}

export function mapFirst<V>(map: OrderedMap<V>): MapNode<V> | undefined {
  while (map?.left !== undefined) map = map.left;
  return map;
}

export function mapLast<V>(map: OrderedMap<V>): MapNode<V> | undefined {
  while (map?.right !== undefined) map = map.right;
  return map;
}

/** @param key  kept: must not change */
export function mapPut<V>(map: OrderedMap<V>, key: Bytes, value: V): MapNode<V> {
  if (map === undefined) return node(key, value, undefined, undefined);
  const order = compareBytes(key, map.key);
  if (order === 0) return node(key, value, map.left, map.right);
  if (order < 0) return link(mapPut(map.left, key, value), map, map.right);
  return link(map.left, map, mapPut(map.right, key, value));
}

export function mapDelete<V>(map: OrderedMap<V>, key: Bytes): OrderedMap<V> {
  if (map === undefined) return undefined;
  const order = compareBytes(key, map.key);
  if (order === 0) return join(map.left, map.right);
  if (order < 0) {
    const left = mapDelete(map.left, key);
    return left === map.left ? map : link(left, map, map.right);
  }
  const right = mapDelete(map.right, key);
  return right === map.right ? map : link(map.left, map, right);
}

/** The entries with a key < `bound`; undefined: all of them. */
export function mapBelow<V>(map: OrderedMap<V>, bound: Bytes | undefined): OrderedMap<V> {
  if (map === undefined || bound === undefined) return map;
  if (compareBytes(map.key, bound) >= 0) return mapBelow(map.left, bound);
  return link(map.left, map, mapBelow(map.right, bound));
}

/** The entries with a key >= `bound`; undefined: all of them. */
export function mapFrom<V>(map: OrderedMap<V>, bound: Bytes | undefined): OrderedMap<V> {
  if (map === undefined || bound === undefined) return map;
  if (compareBytes(map.key, bound) < 0) return mapFrom(map.right, bound);
  return link(mapFrom(map.left, bound), map, map.right);
}

/** The map without the keys of [low, high). */
export function mapDeleteRange<V>(
  map: OrderedMap<V>,
  low: Bytes | undefined,
  high: Bytes | undefined,
): OrderedMap<V> {
  if (low !== undefined && high !== undefined && compareBytes(low, high) >= 0) return map;
  const below = low === undefined ? undefined : mapBelow(map, low);
  const above = high === undefined ? undefined : mapFrom(map, high);
  return join(below, above);
}

/** Entries in ascending order. */
export function* mapEntries<V>(map: OrderedMap<V>): Generator<MapNode<V>> {
  if (map === undefined) return;
  yield* mapEntries(map.left);
  yield map;
  yield* mapEntries(map.right);
}

function node<V>(key: Bytes, value: V, left: OrderedMap<V>, right: OrderedMap<V>): MapNode<V> {
  return { key, value, left, right, count: mapCount(left) + mapCount(right) + 1 };
}

function isTooHeavy<V>(a: OrderedMap<V>, b: OrderedMap<V>, ratio: number): boolean {
  return mapCount(a) + 1 > ratio * (mapCount(b) + 1);
}

/** All of `left`, the entry, all of `right`; the sides may differ in weight by any amount. */
function link<V>(left: OrderedMap<V>, entry: MapNode<V>, right: OrderedMap<V>): MapNode<V> {
  if (left !== undefined && isTooHeavy(left, right, MAX_RATIO)) {
    return balance(left.left, left, link(left.right, entry, right));
  }
  if (right !== undefined && isTooHeavy(right, left, MAX_RATIO)) {
    return balance(link(left, entry, right.left), right, right.right);
  }
  return node(entry.key, entry.value, left, right);
}

/** All of `left`, then all of `right`. */
function join<V>(left: OrderedMap<V>, right: OrderedMap<V>): OrderedMap<V> {
  if (left === undefined) return right;
  if (right === undefined) return left;
  if (left.count > right.count) {
    const last = mapLast(left)!;
    return link(withoutLast(left), last, right);
  }
  const first = mapFirst(right)!;
  return link(left, first, withoutFirst(right));
}

function withoutLast<V>(map: MapNode<V>): OrderedMap<V> {
  return map.right === undefined ? map.left : link(map.left, map, withoutLast(map.right));
}

function withoutFirst<V>(map: MapNode<V>): OrderedMap<V> {
  return map.left === undefined ? map.right : link(withoutFirst(map.left), map, map.right);
}

/** Restores the balance of a node of which one side is a little too heavy, by a single or a double rotation. */
function balance<V>(left: OrderedMap<V>, entry: MapNode<V>, right: OrderedMap<V>): MapNode<V> {
  const { key, value } = entry;
  if (right !== undefined && isTooHeavy(right, left, MAX_RATIO)) {
    const inner = right.left;
    if (inner === undefined || isSingleRotation(right.right, inner)) {
      return node(right.key, right.value, node(key, value, left, inner), right.right);
    }
    return node(
      inner.key,
      inner.value,
      node(key, value, left, inner.left),
      node(right.key, right.value, inner.right, right.right),
    );
  }
  if (left !== undefined && isTooHeavy(left, right, MAX_RATIO)) {
    const inner = left.right;
    if (inner === undefined || isSingleRotation(left.left, inner)) {
      return node(left.key, left.value, left.left, node(key, value, inner, right));
    }
    return node(
      inner.key,
      inner.value,
      node(left.key, left.value, left.left, inner.left),
      node(key, value, inner.right, right),
    );
  }
  return node(key, value, left, right);
}

/** Whether a single rotation will do: the inner side has less than twice the weight of the outer one. */
function isSingleRotation<V>(outer: OrderedMap<V>, inner: OrderedMap<V>): boolean {
  return mapCount(inner) + 1 < SINGLE_ROTATION_RATIO * (mapCount(outer) + 1);
}
