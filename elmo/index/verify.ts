/** Whether the indexes of a collection agree with its documents, both ways; whether its counts are right. */
import type { OrderedKv, ReadView } from '../../lsm/index.js';
import { documentText } from '../bson/text.js';
import { MAX_DEPTH, validateExactly } from '../bson/validate.js';
import { fieldOf } from '../catalog/raw-document.js';
import { afterKeyspace, keyspaceBounds, RecordIdReader } from '../keys/key-layout.js';
import type { Operation } from '../operation/operation.js';
import type { WriteUnit } from '../operation/write-unit.js';
import type { OpenCollection } from './open-collection.js';
import type { OpenIndex } from './open-index.js';
import type { EntrySet } from './entry-set.js';

/** How one index agrees with the documents. */
export interface IndexVerdict {
  readonly name: string;
  /** Entries that are there. */
  readonly entries: number;
  /** Entries of documents that are not there, or wrong. */
  readonly missing: number;
  /** Entries without a document. */
  readonly extra: number;
}

export interface VerifyResult {
  readonly documents: number;
  /** Documents whose bytes are no BSON. */
  readonly damaged: number;
  readonly entries: number;
  readonly indexes: readonly IndexVerdict[];
  /** One sentence each; at most `MOST_PROBLEMS`. */
  readonly problems: readonly string[];
}

const MOST_PROBLEMS = 100;

/** Where a repair writes what it mends. */
interface Mending {
  readonly unit: WriteUnit;
}

/** Reads all of the collection in one stretch. */
export function verifyCollection(kv: OrderedKv, collection: OpenCollection): VerifyResult {
  const view = kv.snapshot();
  try {
    return new Verification(view, collection, undefined).run();
  } finally {
    view.release();
  }
}

/** The same as it is now, letting others run meanwhile. @throws ElmoError MaxTimeMSExpired, Interrupted */
export async function verifyInSlices(
  kv: OrderedKv,
  collection: OpenCollection,
  operation: Operation,
): Promise<VerifyResult> {
  const view = kv.snapshot();
  try {
    const steps = new Verification(view, collection, undefined).steps();
    for (;;) {
      const { done, value } = steps.next();
      if (done === true) return value;
      if (operation.shouldPause()) await operation.turn();
    }
  } finally {
    view.release();
  }
}

/** The same, and every entry and count that is wrong is put right in `unit`. Documents are never touched. */
export function repairCollection(unit: WriteUnit, collection: OpenCollection): VerifyResult {
  return new Verification(unit.view, collection, { unit }).run();
}

/** Whether a repair has something to put right, or to find out. */
export function needsRepair({ problems, damaged }: VerifyResult, { indexes }: OpenCollection): boolean {
  return problems.length > damaged || indexes.some(({ met }) => met?.isIncomplete === true);
}

class Verification {
  private readonly problems: string[] = [];
  private readonly ids = new RecordIdReader();
  private readonly missing: number[];
  private documents = 0;
  private damaged = 0;
  private bytes = 0;
  /** What is counted when the verification begins. */
  private readonly counted: { readonly documentCount: number; readonly byteCount: number };

  constructor(
    private readonly view: ReadView,
    private readonly collection: OpenCollection,
    private readonly mending: Mending | undefined,
  ) {
    this.missing = collection.indexes.map(() => 0);
    const { documentCount, byteCount } = collection.state;
    this.counted = { documentCount, byteCount };
  }

  run(): VerifyResult {
    const steps = this.steps();
    for (;;) {
      const { done, value } = steps.next();
      if (done === true) return value;
    }
  }

  /** A step for each document and each entry. */
  *steps(): Generator<undefined, VerifyResult> {
    const { collection, view } = this;
    const cursor = view.scan(collection.state.bounds);
    try {
      while (cursor.next()) {
        const recordId = this.ids.readAt(cursor.keyBytes, afterKeyspace(cursor.keyBytes), cursor.keyLength);
        this.checkDocument(recordId, cursor.value());
        yield;
      }
    } finally {
      cursor.close();
    }
    const indexes: IndexVerdict[] = [];
    for (const [i, index] of collection.indexes.entries())
      indexes.push(yield* this.checkEntries(index, this.missing[i]!));
    if (this.mending !== undefined) this.mendArrays(this.mending.unit);
    this.checkCounts();
    return {
      documents: this.documents,
      damaged: this.damaged,
      entries: indexes.reduce((sum, { entries }) => sum + entries, 0),
      indexes,
      problems: this.problems,
    };
  }

  private complain(problem: string): void {
    if (this.problems.length < MOST_PROBLEMS) this.problems.push(problem);
  }

  private checkDocument(recordId: number, document: Uint8Array): void {
    this.documents++;
    this.bytes += document.length;
    try {
      validateExactly(document, MAX_DEPTH);
    } catch (error) {
      this.damaged++;
      this.complain(`record ${recordId} is no document: ${(error as Error).message}`);
      return;
    }
    this.collection.indexes.forEach((index, i) => {
      const set = index.after;
      index.collect(document, 0, recordId, set);
      if (index.met !== undefined) this.checkArrays(index, set, recordId);
      for (let k = 0; k < set.count; k++) {
        const key = set.key(k);
        const value = set.value(k);
        const found = this.view.get(key);
        if (found !== undefined && Buffer.compare(found, value) === 0) continue;
        this.missing[i]!++;
        const id = fieldOf(document, '_id');
        const text = id === undefined ? '' : ` (_id in ${documentText(document)})`;
        this.complain(
          `index ${index.spec.name} ${found === undefined ? 'lacks an entry' : 'has a wrong entry'} of record ${recordId}${text}`,
        );
        if (this.mending === undefined) continue;
        if (index.spec.isUnique) index.putUnique(this.mending.unit, set, k);
        else this.mending.unit.putEntry(key, value);
      }
    });
  }

  private checkArrays({ spec, met }: OpenIndex, set: EntrySet, recordId: number): void {
    for (const path of met!.missing(set, this.view))
      this.complain(`index ${spec.name} does not know of the array at ${path} of record ${recordId}`);
    if (this.mending !== undefined) met!.add(set);
  }

  private *checkEntries(index: OpenIndex, missing: number): Generator<undefined, IndexVerdict> {
    const { spec } = index;
    let [entries, extra] = [0, 0];
    const cursor = this.view.scan(keyspaceBounds(spec.keyspace));
    try {
      for (; cursor.next(); yield) {
        entries++;
        if (!spec.isReady || this.hasDocument(index, cursor.key(), cursor.value())) continue;
        extra++;
        if (spec.isUnique) this.mending?.unit.deleteUnique(cursor.keyBytes, 0, cursor.keyLength);
        else this.mending?.unit.deleteEntry(cursor.key());
      }
    } finally {
      cursor.close();
    }
    if (extra > 0) this.complain(`index ${spec.name} has ${extra} entries that no document has`);
    return { name: spec.name, entries, missing, extra };
  }

  private hasDocument(index: OpenIndex, key: Uint8Array, value: Uint8Array): boolean {
    const { entries } = index;
    entries.parse(key, key.length, value, 0, value.length);
    const { recordId } = entries;
    const document = this.collection.read(this.view, recordId);
    if (document === undefined) return false;
    const set = index.after;
    index.collect(document, 0, recordId, set);
    for (let i = 0; i < set.count; i++) if (Buffer.compare(set.key(i), key) === 0) return true;
    return false;
  }

  /** All documents were seen. */
  private mendArrays(unit: WriteUnit): void {
    const { collection } = this;
    for (const index of collection.indexes) index.completeArrays();
    collection.noteArrays(unit, collection.indexes);
  }

  private checkCounts(): void {
    const { state } = this.collection;
    const { documentCount, byteCount } = this.counted;
    const { documents, bytes, mending } = this;
    if (documentCount === documents && byteCount === bytes) return;
    this.complain(
      `${documentCount} documents of ${byteCount} bytes are counted, ${documents} of ${bytes} are there`,
    );
    if (mending === undefined) return;
    state.beforeWrite();
    mending.unit.count(state, documents - documentCount, bytes - byteCount);
  }
}
