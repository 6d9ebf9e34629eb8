/**
 * `update` and `delete`: candidates come from a plan, each is read again, matched again and written in one synchronous
 * stretch. So a statement that takes many turns of the event loop never writes what somebody else has changed meanwhile.
 */
import { valueOfBytes, type Value } from '../bson/value.js';
import { endOfValue, FieldFinder, FieldName } from '../bson/walk.js';
import { ElmoError } from '../errors.js';
import type { OpenCollection } from '../index/open-collection.js';
import { MustWait, type WriteUnit } from '../operation/write-unit.js';
import { END, PAUSE, type RowSource } from '../operation/row-source.js';
import type { Matcher } from '../query/filter.js';
import type { Update, UpdateContext } from '../update/update.js';
import { isProfiled, withKeysCounted } from './key-counts.js';
import { checkSize } from './prepare.js';
import { duringStatement } from './statement-error.js';
import type { WriteContext } from './write-context.js';
import { keepFailures } from './written.js';

/** The records a statement is about, and how to tell that they still are. */
export interface Candidates {
  readonly rows: RowSource;
  /** The whole filter. */
  readonly matcher: Matcher;
  /** Whether one of them was changed by somebody else before its turn came, and does not match any more. */
  hasLost: boolean;
}

const ID = new FieldName('_id');
const finder = new FieldFinder();

/** `_id` of a document, in bytes of its own. */
export function idOf(document: Uint8Array, at = 0): Value {
  if (!finder.find(document, at, ID)) throw new ElmoError('InternalError', 'a stored document has no _id');
  return valueOfBytes(
    finder.type,
    document,
    finder.valueStart,
    endOfValue(document, finder.type, finder.valueStart),
  );
}

/**
 * Applies an update to one stored document.
 * @returns the new document; undefined if nothing changes
 * @throws ElmoError; nothing was written then
 */
export function updateRecord(
  collection: OpenCollection,
  recordId: number,
  old: Uint8Array,
  oldAt: number,
  update: Update,
  updateContext: UpdateContext,
  unit: WriteUnit,
  context: WriteContext,
  bypassesValidation: boolean,
): Uint8Array | undefined {
  const document = update.apply(old, oldAt, updateContext);
  if (document === undefined) return undefined;
  checkSize(document.length);
  if (!bypassesValidation) context.validateChange(collection.entry, old, oldAt, document);
  collection.replace(unit, recordId, old, oldAt, document, update.touchedPaths);
  return document;
}

/** What a statement does with each record that still matches. @returns whether to go on */
export type RecordAction = (recordId: number, document: Uint8Array, at: number, unit: WriteUnit) => boolean;

/**
 * Goes through the candidates. Each record is written with a batch of its own, or through the transaction.
 * @param isMulti  false: the first that still matches is the only one
 * @param command  'update', 'delete' …: errors say it
 * @throws ElmoError; what was done to records before stays done
 */
export async function forEachRecord(
  collection: OpenCollection,
  candidates: Candidates,
  context: WriteContext,
  isMulti: boolean,
  command: string,
  action: RecordAction,
): Promise<Promise<void>[]> {
  const { rows } = candidates;
  const { operation } = context;
  const written: Promise<void>[] = [];
  let kept = 0;
  const turn = (): Promise<void> => {
    kept = keepFailures(written, kept);
    return operation.turn();
  };
  operation.beginSlice();
  try {
    for (;;) {
      const pulled = rows.pull();
      if (pulled === END) break;
      if (pulled === PAUSE) {
        await turn();
        continue;
      }
      const goesOn = await writeOne(collection, rows.recordId, candidates, context, written, action);
      if (!goesOn && !isMulti) break;
      if (operation.shouldPause()) await turn();
    }
  } catch (error) {
    keepFailures(written, kept);
    throw duringStatement(command, error);
  } finally {
    rows.close();
  }
  return written;
}

/** @returns whether to look at the next record */
function writeOne(
  collection: OpenCollection,
  recordId: number,
  candidates: Candidates,
  context: WriteContext,
  written: Promise<void>[],
  action: RecordAction,
): boolean | Promise<boolean> {
  const { transaction } = context;
  if (transaction !== undefined)
    return attempt(collection, recordId, candidates, transaction, context, action);
  const unit = context.sharedUnit;
  try {
    const goesOn = attempt(collection, recordId, candidates, unit, context, action);
    written.push(unit.commit(context.isDurable));
    return goesOn;
  } catch (error) {
    unit.rollback();
    if (!(error instanceof MustWait)) throw error;
    keepFailures(written);
    return context.operation
      .waitFor(error.ended)
      .then(() => writeOne(collection, recordId, candidates, context, written, action));
  }
}

function attempt(
  collection: OpenCollection,
  recordId: number,
  candidates: Candidates,
  unit: WriteUnit,
  context: WriteContext,
  action: RecordAction,
): boolean {
  const found = unit.get(collection.recordKey(recordId));
  if (found === undefined || !candidates.matcher.matches(found, 0)) {
    candidates.hasLost = true;
    return true;
  }
  if (!isProfiled(context)) return action(recordId, found, 0, unit);
  return withKeysCounted(context, collection, () => action(recordId, found, 0, unit));
}
