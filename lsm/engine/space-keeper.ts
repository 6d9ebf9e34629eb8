/**
 * When space may be used again, and when the file shrinks. Space that a version retired is free once that version is
 * durable and nobody reads an older one; a free tail is cut off once it is worth a call.
 */
import type { Extent } from '../base/extent.js';
import type { File } from '../env/file-system.js';
import type { ExtentMap } from '../space/extents.js';
import type { Pins } from '../space/pins.js';

/** The least free tail that is cut off while the store works, in bytes and as a share of the file. */
const TAIL_BYTES = 1024 * 1024;
const TAIL_SHARE = 0.05;

export class SpaceKeeper {
  constructor(
    private readonly file: File,
    private readonly extents: ExtentMap,
    private readonly pins: Pins,
    private readonly durableVersion: () => number,
  ) {}

  allocate(bytes: number): Extent {
    this.release();
    return this.extents.allocate(bytes);
  }

  giveBack(extent: Extent): void {
    this.extents.giveBack(extent);
  }

  /** Frees what nobody needs any more. @returns how many bytes became free */
  release(): number {
    return this.extents.release(this.durableVersion(), this.pins.oldest);
  }

  /** Frees space that was lent and that no version knows of, once no reader of the present state is left. */
  retireUnpublished(extents: readonly Extent[]): void {
    for (const extent of extents) {
      this.extents.publish(extent);
      this.extents.retire(extent, this.durableVersion());
    }
  }

  /** Bytes of the free tail, if it is long enough to be cut off while the store works; else 0. */
  get longTailBytes(): number {
    this.release();
    const tail = Math.max(this.extents.freeTailBytes(), this.file.size() - this.extents.end);
    return tail >= this.worthCutting() ? tail : 0;
  }

  /** Cuts off the free tail if it is long enough; `isFinal`: however short it is. */
  trim(isFinal: boolean): void {
    this.release();
    const tail = this.extents.freeTailBytes();
    const least = isFinal ? 1 : this.worthCutting();
    if (tail < least && this.file.size() <= this.extents.end) return;
    const end = this.extents.cutTail();
    if (this.file.size() > end) this.file.truncate(end);
  }

  /**
   * Whether the file would get shorter by a good piece if only the manifest moved to free space below it.
   * @param isFinal  the store closes: then a piece of twice the manifest's size is good enough
   */
  isHeldUpBy(manifest: Extent, isFinal: boolean): boolean {
    const least = isFinal ? 2 * manifest.bytes : this.worthCutting();
    const { freeBytes, freeTailBytes, endBytes } = this.extents.stats();
    if (freeBytes < least || endBytes - freeTailBytes !== manifest.offset + manifest.bytes) return false;
    let below = 0;
    let hasPlace = false;
    for (const { offset, bytes, state } of this.extents.partition()) {
      if (state !== 'free' || offset > manifest.offset) continue;
      below = offset + bytes === manifest.offset ? bytes : 0;
      hasPlace ||= bytes >= 2 * manifest.bytes;
    }
    return hasPlace && freeTailBytes + below >= least;
  }

  private worthCutting(): number {
    return Math.max(TAIL_BYTES, TAIL_SHARE * this.extents.end);
  }
}
