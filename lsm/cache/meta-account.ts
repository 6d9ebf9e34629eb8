/** The memory of indexes and filters of open tables: who has how much of it, and who is asked to let go of some. */
import { invariant } from '../base/invariant.js';
import { collectSoon } from '../base/let-go.js';

/** So many bytes that were dropped are worth a collection, while memory is scarce. */
const WORTH_BYTES = 4 * 1024 * 1024;

/** Memory of a table (its index, or its filter) that counts against the budget, and that the cache may ask back. */
export class MetaShare {
  /** Bytes claimed; 0: none. Set by the account. */
  bytes = 0;
  /** To be set at every use; the account clears it as it looks for what is idle. */
  wasUsed = false;

  /** @param drop  lets go of the memory; the account has already struck it */
  constructor(readonly drop: () => void) {}
}

export class MetaAccount {
  /** Of all shares together. */
  bytes = 0;
  private readonly shares: MetaShare[] = [];
  private hand = 0;
  /** What was dropped while memory was scarce, and may lie there still. */
  private droppedBytes = 0;

  /**
   * Puts memory on the account, at the expense of what was not used since the hand last passed; when it is needed, at the
   * expense of anything.
   * @param limit  bytes of all shares together
   * @param isScarce  whether what is dropped should be collected soon
   * @returns false when there is no room; always true when `isNeeded`
   */
  claim(share: MetaShare, bytes: number, limit: number, isNeeded: boolean, isScarce: boolean): boolean {
    invariant(share.bytes === 0, 'memory is claimed once');
    if (bytes > limit && !isNeeded) return false;
    share.wasUsed = true;
    let steps = this.shares.length * (isNeeded ? 2 : 1);
    while (this.bytes + bytes > limit && steps-- > 0 && this.shares.length > 0) {
      if (this.hand >= this.shares.length) this.hand = 0;
      const other = this.shares[this.hand]!;
      if (other.wasUsed) {
        other.wasUsed = false;
        this.hand++;
      } else this.drop(this.hand, isScarce);
    }
    if (this.bytes + bytes > limit && !isNeeded) return false;
    share.bytes = bytes;
    this.shares.push(share);
    this.bytes += bytes;
    return true;
  }

  /** Strikes a share; nothing is claimed is fine. */
  giveBack(share: MetaShare): void {
    if (share.bytes > 0) this.strike(this.shares.indexOf(share));
  }

  private drop(index: number, isScarce: boolean): void {
    const share = this.shares[index]!;
    if (isScarce) this.droppedBytes += share.bytes;
    this.strike(index);
    share.drop();
    if (this.droppedBytes < WORTH_BYTES) return;
    this.droppedBytes = 0;
    collectSoon();
  }

  private strike(index: number): void {
    const share = this.shares[index]!;
    const last = this.shares.pop()!;
    if (last !== share) this.shares[index] = last;
    this.bytes -= share.bytes;
    share.bytes = 0;
  }
}
