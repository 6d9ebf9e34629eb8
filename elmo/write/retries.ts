/**
 * Statements of retryable writes: what was done is recorded in the very unit that does it, and a statement that comes again
 * is answered from the record.
 *
 *   results   insert {}   update {n, m, u?}   delete {n}   findAndModify {n, e, u?, v?}
 *   n: matched or deleted, m: modified, u: _id of what was upserted, e: whether it was there before, v: the document shown
 */
import { readInt32, readText } from '../bson/read.js';
import { BOOL, INT32 } from '../bson/types.js';
import { boolValue, documentValue, int32Value, Value, writeElement } from '../bson/value.js';
import { ElementWalker, FieldName } from '../bson/walk.js';
import { BsonWriter } from '../bson/writer.js';
import type { FindAndModifyResult } from '../operation/requests.js';
import type { WriteUnit } from '../operation/write-unit.js';
import type { RetryLog } from '../session/retry-log.js';
import { retryableStatement } from '../session/session-registry.js';
import type { SessionContext } from '../session/session-context.js';

/** What one statement of an update has done. */
export interface UpdateOutcome {
  readonly matched: number;
  readonly modified: number;
  readonly upsertedId: Value | undefined;
}

/** The statements of one write, by their places in it. */
export class StatementRetries {
  private constructor(
    private readonly log: RetryLog,
    private readonly session: SessionContext,
    private readonly first: number,
    /** Numbers of the statements that were found to be done before. */
    readonly repeated: number[],
  ) {}

  /** @returns undefined if the write is none that may come again */
  static of(log: RetryLog, session: SessionContext | undefined): StatementRetries | undefined {
    if (session === undefined || retryableStatement(session) === undefined) return undefined;
    return new StatementRetries(log, session, 0, []);
  }

  /** The statements from that one on. */
  from(index: number): StatementRetries {
    return new StatementRetries(this.log, this.session, this.first + index, this.repeated);
  }

  /** Whether a statement was done before. */
  isDone(index: number): boolean {
    return this.find(index) !== undefined;
  }

  updateOutcome(index: number): UpdateOutcome | undefined {
    const fields = this.fieldsOf(index);
    if (fields === undefined) return undefined;
    return { matched: intOf(fields.get('n')), modified: intOf(fields.get('m')), upsertedId: fields.get('u') };
  }

  findAndModifyResult(): FindAndModifyResult | undefined {
    const fields = this.fieldsOf(0);
    if (fields === undefined) return undefined;
    const existing = fields.get('e');
    return {
      document: fields.get('v')?.document,
      updatedExisting: existing?.type === BOOL && existing.bytes[existing.at] === 1,
      matched: intOf(fields.get('n')),
      upsertedId: fields.get('u'),
      repeated: this.repeated,
    };
  }

  /** Records that an insert or a delete was done. */
  recordDone(unit: WriteUnit, index: number): void {
    this.record(unit, index, {});
  }

  recordUpdate(unit: WriteUnit, index: number, { matched, modified, upsertedId }: UpdateOutcome): void {
    this.record(unit, index, { n: int32Value(matched), m: int32Value(modified), u: upsertedId });
  }

  recordFindAndModify(unit: WriteUnit, result: FindAndModifyResult): void {
    const { document } = result;
    this.record(unit, 0, {
      n: int32Value(result.matched),
      e: boolValue(result.updatedExisting),
      u: result.upsertedId,
      v: document === undefined ? undefined : documentValue(document),
    });
  }

  private numberOf(index: number): number {
    const { stmtId, stmtIds } = this.session;
    const place = this.first + index;
    return stmtIds?.[place] ?? stmtId + place;
  }

  private find(index: number): Uint8Array | undefined {
    const number = this.numberOf(index);
    const found = this.log.find(retryableStatement(this.session, number)!);
    if (found !== undefined) this.repeated.push(number);
    return found;
  }

  private fieldsOf(index: number): ReadonlyMap<string, Value> | undefined {
    const stored = this.find(index);
    if (stored === undefined) return undefined;
    const fields = new Map<string, Value>();
    const walker = new ElementWalker();
    walker.open(stored, 0);
    while (walker.next())
      fields.set(
        readText(stored, walker.nameStart, walker.nameEnd),
        new Value(walker.type, stored, walker.valueStart),
      );
    return fields;
  }

  private record(unit: WriteUnit, index: number, fields: Readonly<Record<string, Value | undefined>>): void {
    const writer = new BsonWriter();
    const start = writer.beginDocument();
    for (const [name, value] of Object.entries(fields))
      if (value !== undefined) writeElement(writer, new FieldName(name).bytes, value);
    writer.endDocument(start);
    this.log.record(unit, retryableStatement(this.session, this.numberOf(index))!, writer.toBytes());
  }
}

function intOf(value: Value | undefined): number {
  return value?.type === INT32 ? readInt32(value.bytes, value.at) : 0;
}
