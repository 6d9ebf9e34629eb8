/**
 * Rows are pulled: each stage of a plan or a pipeline asks the one below. Pulling is synchronous; a stage that has worked
 * for long without a row says PAUSE, everything above passes it on, and the driver at the top gives the event loop its
 * turn and pulls again. So nothing holds the event loop, and no row costs a promise.
 */

/** No more rows; stays so. */
export const END = 0;
/** A row is there: see `bytes` and `at`. */
export const ROW = 1;
/** No row yet: pull again after a turn of the event loop. */
export const PAUSE = 2;
export type Pulled = typeof END | typeof ROW | typeof PAUSE;

export interface RowSource {
  /** @throws ElmoError; the source is then at its end */
  pull(): Pulled;
  /**
   * The row: a document that starts at `bytes[at]`. Valid until the next `pull` of this source, and until any other call
   * on the store (a stage that reads the store in between copies the row first).
   */
  readonly bytes: Uint8Array;
  readonly at: number;
  /** Which record the row is, where it is one (update and delete want it); -1 elsewhere. */
  readonly recordId: number;
  /** What goes with the row beside its fields ($meta): undefined in nearly all plans. */
  readonly metadata: RowMetadata | undefined;
  /** Whether the next pull is known to be END, without another look (a limit that is used up). */
  readonly isAtEnd?: boolean;
  /**
   * Instead of the first pull: what all rows have at the paths that were asked for when the source was opened, without the
   * rows. The source is then at its end.
   * @returns undefined: the rows are to be pulled
   */
  takeCoded?(): CodedRows | undefined;
  /** Gives back what it holds, its sources' too. Safe to call twice. */
  close(): void;
}

/** What rows have at some paths, as codes; see columns/. */
export interface CodedRows {
  /** How many rows there are. */
  readonly count: number;
  /** By path. */
  readonly values: ReadonlyMap<string, CodedValues>;
}

export interface CodedValues {
  /** The code of each row. */
  readonly codes: Uint16Array;
  /** Where the value of each row is, WIDE_BYTES behind the one before; undefined: its code tells all. */
  readonly wide: Uint8Array | undefined;
  readonly source: ValuesByCode;
}

export interface ValuesByCode {
  /** One more than the largest code. */
  readonly codeEnd: number;
  /** Type byte, or MISSING. */
  typeOf(code: number): number;
  /** Where the value is, if it is not missing: in `valueBytes`, from `valueAt` on. */
  readonly valueBytes: Uint8Array;
  valueAt(code: number): number;
}

/** What a value of a row may take that its code does not tell: as much as a number. */
export const WIDE_BYTES = 8;

/** What somebody makes of a document at `bytes[at]`, which is there during the call alone. May not call the store. */
export type ReadDocument<T> = (bytes: Uint8Array, at: number) => T;

/** Values of `{$meta: …}`. */
export interface RowMetadata {
  readonly textScore?: number;
  readonly indexKey?: Uint8Array;
  readonly sortKey?: Uint8Array;
  readonly geoNearDistance?: number;
  readonly geoNearPoint?: Uint8Array;
  /** null: of a row that a projection has made. */
  readonly recordId?: number | null | undefined;
  readonly randVal?: number;
}
