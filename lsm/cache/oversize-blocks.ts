/**
 * Blocks longer than a frame: each in an array of its own, the one not used for longest leaves first. Arrays of blocks that
 * left are used again, for as garbage they would pile up faster than they are collected: so a block's slot has a generation,
 * as frames have, by which a cursor tells that its block left.
 */
import type { Bytes } from '../base/bytes.js';

/** Arrays without a block that are kept for the next ones. */
const MAX_SPARES = 16;
/** An array serves a block that fills this share of it. */
const LEAST_FILL = 2 / 3;
const EXPIRED = 0xdb;

export interface OversizeBlock {
  readonly tableId: number;
  /** The block is `bytes[0, length)`. */
  readonly bytes: Bytes;
  readonly length: number;
  readonly slot: number;
}

export class OversizeBlocks {
  /** Bytes of all arrays, those without a block included. */
  heldBytes = 0;
  evictions = 0;
  /** Generation of each slot: another one when its block has left. */
  readonly generations: number[] = [];
  private readonly blocks = new Map<string, OversizeBlock>();
  private readonly spares: Bytes[] = [];
  private readonly freeSlots: number[] = [];

  /**
   * @param limitBytes  of all arrays together
   * @param unitBytes   lengths of arrays are multiples of it
   * @param isScribbling  overwrite what expires
   */
  constructor(
    readonly limitBytes: number,
    private readonly unitBytes: number,
    private readonly isScribbling: boolean,
  ) {}

  get count(): number {
    return this.blocks.size;
  }

  /** Marks the block as used. */
  find(tableId: number, block: number): OversizeBlock | undefined {
    const key = keyOf(tableId, block);
    const found = this.blocks.get(key);
    if (found === undefined) return undefined;
    this.blocks.delete(key);
    this.blocks.set(key, found);
    return found;
  }

  /** Whether a block of this length may be kept. */
  hasRoomFor(length: number): boolean {
    return this.capacityOf(length) <= this.limitBytes;
  }

  /** An array for a block, for `insert` or `giveBack`; others leave for it. */
  take(length: number): Bytes {
    const capacity = this.capacityOf(length);
    for (;;) {
      const fitting = this.spares.findIndex(
        (spare) => spare.length >= capacity && spare.length * LEAST_FILL <= capacity,
      );
      if (fitting >= 0) return this.spares.splice(fitting, 1)[0]!;
      if (this.heldBytes + capacity <= this.limitBytes) {
        this.heldBytes += capacity;
        return new Uint8Array(capacity);
      }
      const [oldest] = this.blocks;
      if (oldest !== undefined) {
        this.evictions++;
        this.forget(...oldest);
      } else this.dropSpare();
    }
  }

  /** Takes an array back that no block came into. */
  giveBack(bytes: Bytes): void {
    this.spares.push(bytes);
    if (this.spares.length > MAX_SPARES) this.dropSpare();
  }

  /** Keeps a block that lies in an array from `take`. @returns its slot */
  insert(tableId: number, block: number, bytes: Bytes, length: number): number {
    const key = keyOf(tableId, block);
    const replaced = this.blocks.get(key);
    if (replaced !== undefined) this.forget(key, replaced);
    const slot = this.freeSlots.pop() ?? this.generations.push(0) - 1;
    this.blocks.set(key, { tableId, bytes, length, slot });
    return slot;
  }

  dropTable(tableId: number): void {
    for (const [key, block] of this.blocks) if (block.tableId === tableId) this.forget(key, block);
  }

  private forget(key: string, { bytes, slot }: OversizeBlock): void {
    this.blocks.delete(key);
    this.generations[slot]!++;
    this.freeSlots.push(slot);
    if (this.isScribbling) bytes.fill(EXPIRED);
    this.giveBack(bytes);
  }

  private dropSpare(): void {
    this.heldBytes -= this.spares.shift()!.length;
  }

  private capacityOf(length: number): number {
    return Math.ceil(length / this.unitBytes) * this.unitBytes;
  }
}

function keyOf(tableId: number, block: number): string {
  return `${tableId}/${block}`;
}
