/**
 * A cursor over a memtable: all versions of all keys, newest first within a key.
 *
 * It stays correct while entries are inserted and removed, because it knows its entry by offset and finds its place again
 * when another entry lies there. An entry that was there when the cursor set out comes once, unless it was removed or a
 * newer version took its place; one inserted later may come or not. The registers stay good until the cursor moves:
 * the arena's bytes never change, and where the arena grew they keep the old one alive.
 */
import type { Bytes } from '../base/bytes.js';
import { SourceCursor } from '../read/source-cursor.js';
import { OFFSET_MASK } from './arena-keys.js';
import type { ArenaTree } from './arena-tree.js';
import { OpsReader } from './ops-reader.js';
import { readEntry } from './sorted-entries.js';
import { COUNT, LEAF_SLOTS, LEAF_STRIDE, NODE_SHIFT, OFFSET, SEQ } from './tree-nodes.js';
import { MAX_DELTA } from './tree-search.js';

/** Entries that are touched together; a power of two. */
const AHEAD = 8;

export class MemtableCursor extends SourceCursor {
  private leaf = 0;
  private slot = 0;
  /** Offset of the entry at the cursor, with its flag: its identity within a generation. */
  private entry = 0;
  private generation = 0;
  private isClosed = false;
  /** What `touch` read: kept, so that no compiler leaves the reads out. */
  protected touched = 0;
  private readonly op = new OpsReader();

  constructor(
    private readonly tree: ArenaTree,
    private readonly baseSeq: number,
  ) {
    super();
  }

  override first(): void {
    const tree = this.tree;
    tree.leaf = tree.firstLeaf;
    tree.slot = 0;
    this.settle(tree.entryCount > 0 && tree.stepIn());
  }

  override last(): void {
    const tree = this.tree;
    if (tree.entryCount === 0) {
      this.isValid = false;
      return;
    }
    tree.leaf = tree.lastLeaf;
    tree.slot = tree.nodes[(tree.lastLeaf << NODE_SHIFT) + COUNT]!;
    this.settle(tree.stepBack());
  }

  override seekAtLeast(key: Bytes, offset: number, length: number): void {
    this.tree.locate(key, offset, length, MAX_DELTA);
    this.settle(this.tree.entryCount > 0 && this.tree.stepIn());
  }

  override seekBefore(key: Bytes, offset: number, length: number): void {
    this.tree.locate(key, offset, length, MAX_DELTA);
    this.settle(this.tree.stepBack());
  }

  override next(): void {
    if (!this.isValid) return;
    const tree = this.tree;
    if (this.isInPlace()) {
      const slot = this.slot + 1;
      const count = tree.nodes[(this.leaf << NODE_SHIFT) + COUNT]!;
      if (slot < count) {
        this.slot = slot;
        if ((slot & (AHEAD - 1)) === 1) this.touch(slot, Math.min(slot + AHEAD, count));
        this.load();
        return;
      }
      tree.leaf = this.leaf;
      tree.slot = slot;
    } else if (this.findPlace()) tree.slot++;
    this.settle(tree.entryCount > 0 && tree.stepIn());
  }

  override previous(): void {
    if (!this.isValid) return;
    const tree = this.tree;
    if (this.isInPlace()) {
      if (this.slot > 0) {
        const slot = this.slot - 1;
        this.slot = slot;
        if ((slot & (AHEAD - 1)) === 0) this.touch(Math.max(0, slot - AHEAD + 1), slot + 1);
        this.load();
        return;
      }
      tree.leaf = this.leaf;
      tree.slot = 0;
    } else if (!this.findPlace()) {
      // A newer version took its place; going back to that one might never end.
      let isFound = tree.stepBack();
      while (isFound && tree.hasKey(this.keyBytes, this.keyOffset, this.keyLength)) isFound = tree.stepBack();
      this.settle(isFound);
      return;
    }
    this.settle(tree.stepBack());
  }

  override refresh(): void {
    // The arena's bytes never change.
  }

  override close(): void {
    this.isClosed = true;
    this.isValid = false;
  }

  /** Whether the entry still lies where the cursor found it. */
  private isInPlace(): boolean {
    const tree = this.tree;
    if (this.generation !== tree.generation) return false;
    const address = this.leaf << NODE_SHIFT;
    return (
      this.slot < tree.nodes[address + COUNT]! &&
      tree.nodes[address + LEAF_SLOTS + this.slot * LEAF_STRIDE + OFFSET] === this.entry
    );
  }

  /**
   * Searches the place of the entry at the cursor.
   * @returns true: the tree's place is at the entry; false: the entry is gone, the place is at the one after it
   */
  private findPlace(): boolean {
    const tree = this.tree;
    const delta = this.seq - this.baseSeq;
    let isMatch = tree.locate(this.keyBytes, this.keyOffset, this.keyLength, delta);
    // Under one sequence number there may be several versions; later ones have greater offsets and come first.
    while (isMatch) {
      const address = tree.slotAddress();
      if (tree.nodes[address + SEQ] !== delta) return false;
      const entry = tree.nodes[address + OFFSET]!;
      if (entry <= this.entry) return entry === this.entry;
      tree.slot++;
      isMatch = tree.stepIn() && tree.hasKey(this.keyBytes, this.keyOffset, this.keyLength);
    }
    return false;
  }

  /** Takes over the tree's place. */
  private settle(isValid: boolean): void {
    this.isValid = isValid && !this.isClosed;
    if (!this.isValid) return;
    this.leaf = this.tree.leaf;
    this.slot = this.tree.slot;
    this.generation = this.tree.generation;
    this.load();
  }

  /**
   * Reads a byte of each of the entries that come next. They lie anywhere in the arena: these reads wait for memory
   * together, those of one entry after another would wait each for itself.
   */
  private touch(begin: number, end: number): void {
    const { nodes, arena } = this.tree;
    const slots = (this.leaf << NODE_SHIFT) + LEAF_SLOTS;
    let sum = 0;
    for (let i = begin; i < end; i++) sum += arena[nodes[slots + i * LEAF_STRIDE + OFFSET]! & OFFSET_MASK]!;
    this.touched = sum;
  }

  private load(): void {
    const tree = this.tree;
    const arena = tree.arena;
    const address = (this.leaf << NODE_SHIFT) + LEAF_SLOTS + this.slot * LEAF_STRIDE;
    const entry = tree.nodes[address + OFFSET]!;
    const op = this.op;
    readEntry(op, arena, entry);
    this.entry = entry;
    this.keyBytes = arena;
    this.valueBytes = arena;
    this.keyOffset = op.keyOffset;
    this.keyLength = op.keyLength;
    this.kind = op.kind;
    this.seq = this.baseSeq + tree.nodes[address + SEQ]!;
    this.valueOffset = op.valueOffset;
    this.storedLength = op.valueLength;
    this.rawLength = op.rawLength;
  }
}
