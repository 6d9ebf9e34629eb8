/** Which records have changed while indexes are loaded from a snapshot: a bit for each, in pages made when they are needed. */

const PAGE_WORDS = 256;
const PAGE_IDS = PAGE_WORDS * 32;

/** A set of record ids. */
export class RecordSet {
  private readonly pages: (Uint32Array | undefined)[] = [];

  add(id: number): void {
    const page = Math.floor(id / PAGE_IDS);
    const words = (this.pages[page] ??= new Uint32Array(PAGE_WORDS));
    const at = id % PAGE_IDS;
    words[at >>> 5]! |= 1 << (at & 31);
  }

  has(id: number): boolean {
    const words = this.pages[Math.floor(id / PAGE_IDS)];
    const at = id % PAGE_IDS;
    return words !== undefined && (words[at >>> 5]! & (1 << (at & 31))) !== 0;
  }

  delete(id: number): void {
    const words = this.pages[Math.floor(id / PAGE_IDS)];
    const at = id % PAGE_IDS;
    if (words !== undefined) words[at >>> 5]! &= ~(1 << (at & 31));
  }

  /** The smallest id from `low` on; -1 if there is none. */
  next(low: number): number {
    let at = low % PAGE_IDS;
    for (let page = Math.floor(low / PAGE_IDS); page < this.pages.length; page++, at = 0) {
      const words = this.pages[page];
      if (words === undefined) continue;
      for (let word = at >>> 5; word < PAGE_WORDS; word++) {
        let bits = words[word]!;
        if (word === at >>> 5) bits &= -1 << (at & 31);
        if (bits !== 0) return page * PAGE_IDS + word * 32 + (31 - Math.clz32(bits & -bits));
      }
    }
    return -1;
  }
}

export class ChangedRecords {
  /** All that have changed since the load began. */
  readonly all = new RecordSet();
  /** Those whose entries of before the change may still be in the indexes, or come with the load. */
  readonly stale = new RecordSet();

  note(id: number): void {
    if (this.all.has(id)) return;
    this.all.add(id);
    this.stale.add(id);
  }
}
