/** What is kept of one path: it has a place in each page, where there is something about each record. */

export abstract class PageColumn {
  /** False: it is gone, and another may have its slot. */
  isOpen = true;
  /** Whether it has met what it cannot hold, and is to go. */
  isFull = false;
  /** When it was last asked for, among all columns of a store. */
  lastUse = 0;

  /**
   * @param path  plain
   * @param slot  its place in pages
   */
  constructor(
    readonly path: string,
    readonly slot: number,
  ) {}

  /** What is to stand for what a document has. */
  abstract codeOf(bytes: Uint8Array, at: number): number;
}
