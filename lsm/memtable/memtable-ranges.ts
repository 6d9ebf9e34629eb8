/**
 * What concerns the entries of a key range [low, high) of an arena tree; an undefined bound is open. Whole leaves are
 * skipped where their counts or the bounds of their sequence numbers say enough.
 */
import { NO_BYTES, compareBytes, type Bytes } from '../base/bytes.js';
import { KIND_BLOB, KIND_DELETE } from '../key/entry-kind.js';
import { DELETION_FLAG, OFFSET_MASK } from './arena-keys.js';
import type { ArenaTree } from './arena-tree.js';
import { OpsReader } from './ops-reader.js';
import { COUNT, LEAF_SLOTS, LEAF_STRIDE, NEXT, NODE_SHIFT, OFFSET, SEQ, SEQ_BOUND } from './tree-nodes.js';
import { MAX_DELTA } from './tree-search.js';

/** Leaves whose entries an estimate counts one by one. */
const COUNTED_LEAVES = 64;
/** Entries whose bytes an estimate adds up one by one. */
const MEASURED_ENTRIES = 256;

const op = new OpsReader();

function isEmptyRange(low: Bytes | undefined, high: Bytes | undefined): boolean {
  return high !== undefined && compareBytes(low ?? NO_BYTES, high) >= 0;
}

/** Sets the tree's place to the start of the range. */
function searchLow(tree: ArenaTree, low: Bytes | undefined): void {
  const bound = low ?? NO_BYTES;
  tree.search(bound, 0, bound.length, MAX_DELTA);
}

/** Sets the tree's place to the end of the range. */
function searchHigh(tree: ArenaTree, high: Bytes | undefined): void {
  if (high !== undefined) tree.search(high, 0, high.length, MAX_DELTA);
  else {
    tree.leaf = tree.lastLeaf;
    tree.slot = tree.nodes[(tree.lastLeaf << NODE_SHIFT) + COUNT]!;
  }
}

/** @param usedBytes  bytes of the arena in use, for the size of an average entry */
export function estimateRange(
  tree: ArenaTree,
  usedBytes: number,
  low: Bytes | undefined,
  high: Bytes | undefined,
): { count: number; bytes: number } {
  if (tree.entryCount === 0 || isEmptyRange(low, high)) return { count: 0, bytes: 0 };
  const averageBytes = usedBytes / tree.entryCount;
  searchHigh(tree, high);
  const lastLeaf = tree.leaf;
  const lastSlot = tree.slot;
  const highFraction = high === undefined ? 1 : tree.searchedFraction();
  searchLow(tree, low);
  const lowFraction = tree.searchedFraction();
  const { nodes, leaf: firstLeaf, slot: firstSlot } = tree;
  let count = 0;
  let leaf = firstLeaf;
  let slot = firstSlot;
  for (let n = 0; n < COUNTED_LEAVES; n++) {
    if (leaf === lastLeaf) {
      count += lastSlot - slot;
      const isFew = count <= MEASURED_ENTRIES;
      const bytes = isFew ? measure(tree, firstLeaf, firstSlot, count) : Math.round(count * averageBytes);
      return { count, bytes };
    }
    count += nodes[(leaf << NODE_SHIFT) + COUNT]! - slot;
    leaf = nodes[(leaf << NODE_SHIFT) + NEXT]!;
    slot = 0;
  }
  const guess = Math.round((highFraction - lowFraction) * tree.entryCount);
  count = Math.min(tree.entryCount, Math.max(count, guess));
  return { count, bytes: Math.round(count * averageBytes) };
}

/** Bytes of the operations of `count` entries from a place on. */
function measure(tree: ArenaTree, leaf: number, slot: number, count: number): number {
  const { nodes, arena } = tree;
  tree.leaf = leaf;
  tree.slot = slot;
  let bytes = 0;
  for (let i = 0; i < count && tree.stepIn(); i++) {
    const at = nodes[tree.slotAddress() + OFFSET]! & OFFSET_MASK;
    op.read(arena, at, arena.length);
    bytes += op.end - at;
    tree.slot++;
  }
  return bytes;
}

/** Whether there is an entry in the range. */
export function hasEntryInRange(tree: ArenaTree, low: Bytes | undefined, high: Bytes | undefined): boolean {
  if (tree.entryCount === 0 || isEmptyRange(low, high)) return false;
  searchLow(tree, low);
  return tree.stepIn() && (high === undefined || tree.isBelow(high));
}

/** Whether an entry of the range has a delta above the given one. */
export function hasNewerInRange(
  tree: ArenaTree,
  low: Bytes | undefined,
  high: Bytes | undefined,
  delta: number,
): boolean {
  if (tree.entryCount === 0 || isEmptyRange(low, high)) return false;
  searchHigh(tree, high);
  const lastLeaf = tree.leaf;
  const lastSlot = tree.slot;
  searchLow(tree, low);
  const { nodes } = tree;
  let leaf = tree.leaf;
  let slot = tree.slot;
  for (;;) {
    const address = leaf << NODE_SHIFT;
    const end = leaf === lastLeaf ? lastSlot : nodes[address + COUNT]!;
    if (nodes[address + SEQ_BOUND]! > delta) {
      for (; slot < end; slot++)
        if (nodes[address + LEAF_SLOTS + slot * LEAF_STRIDE + SEQ]! > delta) return true;
    }
    if (leaf === lastLeaf) return false;
    leaf = nodes[address + NEXT]!;
    slot = 0;
  }
}

/** Makes the entries of the range that have this delta, the greatest of the tree, deletions of their keys. */
export function hideRange(tree: ArenaTree, low: Bytes, high: Bytes | undefined, delta: number): void {
  if (isEmptyRange(low, high)) return;
  tree.locate(low, 0, low.length, MAX_DELTA);
  while (tree.stepIn() && (high === undefined || tree.isBelow(high))) {
    const address = tree.leaf << NODE_SHIFT;
    if (tree.nodes[address + SEQ_BOUND]! < delta) tree.slot = tree.nodes[address + COUNT]!;
    else if (tree.nodes[tree.slotAddress() + SEQ]! < delta) tree.slot++;
    else hideKey(tree, delta);
  }
}

/** The tree's place is at the newest entry of a key, and goes on past those of the same delta. */
function hideKey(tree: ArenaTree, delta: number): void {
  const { arena } = tree;
  const address = tree.slotAddress();
  const entry = tree.nodes[address + OFFSET]!;
  op.read(arena, entry & OFFSET_MASK, arena.length);
  const { keyOffset, keyLength } = op;
  if ((entry & DELETION_FLAG) === 0 && op.kind === KIND_BLOB) {
    // The flush reports the blob as dropped: its entry stays, behind a deletion.
    tree.insertDeletion(entry, keyOffset, keyLength, delta);
    tree.locate(arena, keyOffset, keyLength, MAX_DELTA);
  } else if (op.kind !== KIND_DELETE) tree.nodes[address + OFFSET] = entry | DELETION_FLAG;
  do tree.slot++;
  while (
    tree.stepIn() &&
    tree.nodes[tree.slotAddress() + SEQ] === delta &&
    tree.hasKey(arena, keyOffset, keyLength)
  );
}
