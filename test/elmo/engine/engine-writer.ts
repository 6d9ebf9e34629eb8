/** Writes on an engine in memory, in terms of plain values. */
import { MemoryKv, type OrderedKv } from '../../../lsm/index.js';
import { documentValue, plainJs, valueOf } from '../../../elmo/bson/value.js';
import { Engine } from '../../../elmo/engine/engine.js';
import { createIndexes } from '../../../elmo/index/create-indexes.js';
import { verifyCollection } from '../../../elmo/index/verify.js';
import type {
  DeleteStatement,
  FindAndModifyRequest,
  FindAndModifyResult,
  UpdateResult,
  UpdateStatement,
} from '../../../elmo/operation/requests.js';
import type { SessionContext } from '../../../elmo/session/session-context.js';
import { NAMESPACE } from '../../support/documents.js';

export const raw = (document: object): Uint8Array => valueOf(document).keep().bytes;
export const plain = (document: Uint8Array): unknown => plainJs(documentValue(document));

let ticks = 0;
const clock = {
  wallMs: () => 1_700_000_000_000,
  nowMs: () => ++ticks / 1000,
  turn: () => new Promise<void>((resolve) => setImmediate(resolve)),
};
const random = { fill: (bytes: Uint8Array) => bytes.forEach((_, i) => (bytes[i] = (++ticks * 151) & 0xff)) };

/** A statement as a client writes it. */
export interface PlainUpdate {
  readonly q: object;
  readonly u: unknown;
  readonly multi?: boolean;
  readonly upsert?: boolean;
  readonly sort?: object;
  readonly arrayFilters?: readonly object[];
  readonly hint?: unknown;
}

export function statementOf({ q, u, multi, upsert, sort, arrayFilters, hint }: PlainUpdate): UpdateStatement {
  return {
    filter: raw(q),
    update: valueOf(u),
    isMulti: multi === true,
    isUpsert: upsert === true,
    ...(sort === undefined ? {} : { sort: raw(sort) }),
    ...(arrayFilters === undefined ? {} : { arrayFilters: arrayFilters.map(raw) }),
    ...(hint === undefined ? {} : { hint: valueOf(hint) }),
  };
}

export function removalOf(q: object, isMulti = true): DeleteStatement {
  return { filter: raw(q), isMulti };
}

export class EngineWriter {
  readonly engine: Engine;

  constructor(kv: OrderedKv = new MemoryKv()) {
    this.engine = new Engine(kv, clock as never, random as never);
  }

  async insert(...documents: readonly object[]): Promise<void> {
    const { failures } = await this.engine.insert({
      namespace: NAMESPACE,
      documents: documents.map(raw),
      isOrdered: true,
    });
    if (failures.length > 0) throw failures[0]!.error;
  }

  async index(...definitions: readonly object[]): Promise<void> {
    const { engine } = this;
    await createIndexes(NAMESPACE, definitions.map(raw), {
      committer: engine.committer,
      collections: engine.collections,
      operation: engine.newOperation({}),
      isDurable: false,
      transaction: undefined,
    });
  }

  update(
    statements: readonly PlainUpdate[],
    isOrdered = true,
    session?: SessionContext,
  ): Promise<UpdateResult> {
    return this.engine.update(
      { namespace: NAMESPACE, statements: statements.map(statementOf), isOrdered },
      session,
    );
  }

  async delete(q: object, isMulti = true): Promise<number> {
    const { deleted, failures } = await this.engine.delete({
      namespace: NAMESPACE,
      statements: [removalOf(q, isMulti)],
      isOrdered: true,
    });
    if (failures.length > 0) throw failures[0]!.error;
    return deleted;
  }

  findAndModify(
    request: Omit<PlainUpdate, 'u' | 'multi'> & { u?: unknown; fields?: object; new?: boolean },
  ): Promise<FindAndModifyResult> {
    const { q, u, upsert, sort, fields } = request;
    const full: FindAndModifyRequest = {
      namespace: NAMESPACE,
      filter: raw(q),
      isUpsert: upsert === true,
      returnsNew: request.new === true,
      ...(u === undefined ? {} : { update: valueOf(u) }),
      ...(sort === undefined ? {} : { sort: raw(sort) }),
      ...(fields === undefined ? {} : { projection: raw(fields) }),
    };
    return this.engine.findAndModify(full);
  }

  async documents(filter: object = {}): Promise<unknown[]> {
    const cursor = await this.engine.find({
      namespace: NAMESPACE,
      filter: raw(filter),
      sort: raw({ _id: 1 }),
    });
    const { documents } = await cursor.nextBatch(1_000_000, 1 << 28);
    cursor.close();
    return documents.map(plain);
  }

  /** What of the indexes does not agree with the documents. */
  problems(): readonly string[] {
    const collection = this.engine.collections.get(NAMESPACE);
    return collection === undefined ? [] : verifyCollection(this.engine.kv, collection).problems;
  }
}
