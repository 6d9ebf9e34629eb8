/** Inserts, updates and deletes in bulk: grouped into commands, their results added up. */
import { ObjectId, type Document } from '../../elmo/values.js';
import { invalid, ServerError } from './errors.js';
import { deleteElement, updateElement } from './statements.js';
import { pick, WRITE_FIELDS } from './options.js';

/** Runs one command on the collection. */
export type Run = (command: Document) => Document;

export interface BulkResult {
  acknowledged: boolean;
  insertedCount: number;
  insertedIds: Record<string, unknown>;
  matchedCount: number;
  modifiedCount: number;
  deletedCount: number;
  upsertedCount: number;
  upsertedIds: Record<string, unknown>;
}

/** A command carries no more. */
const MOST_STATEMENTS = 10_000;

type Kind = 'insert' | 'update' | 'delete';
interface Step {
  readonly kind: Kind;
  /** What stands in `documents`, `updates` or `deletes`. */
  readonly element: Document;
}

const LISTS: Readonly<Record<Kind, string>> = { insert: 'documents', update: 'updates', delete: 'deletes' };

/** The document with an id, which it gets if it has none. */
export function withId(document: unknown): Document {
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw invalid('a document is needed: {field: value}');
  const given = document as Document;
  return given['_id'] === undefined ? { _id: new ObjectId(), ...given } : given;
}

function stepOf(operation: unknown): Step {
  const [[name, model] = ['', {}]] = Object.entries(operation as Record<string, Document>);
  const { filter, update, replacement, document } = model;
  switch (name) {
    case 'insertOne':
      return { kind: 'insert', element: withId(document ?? model) };
    case 'updateOne':
    case 'updateMany':
      return { kind: 'update', element: updateElement(name, filter, update, model, name === 'updateMany') };
    case 'replaceOne':
      return { kind: 'update', element: updateElement(name, filter, replacement, model, false) };
    case 'deleteOne':
    case 'deleteMany':
      return { kind: 'delete', element: deleteElement(name, filter, model, name === 'deleteMany') };
    default:
      throw invalid(
        `bulkWrite() knows insertOne, updateOne, updateMany, replaceOne, deleteOne, deleteMany, got '${name}'`,
      );
  }
}

/** @throws ServerError 'MongoBulkWriteError' with `writeErrors` and `result` when a statement failed */
export function bulkWrite(
  run: Run,
  collection: string,
  operations: readonly unknown[],
  options?: Document,
): BulkResult {
  const steps = operations.map(stepOf);
  if (steps.length === 0) throw invalid('there is nothing to write: the list is empty');
  const isOrdered = options?.['ordered'] !== false;
  const result: BulkResult = {
    acknowledged: isAcknowledged(options),
    insertedCount: 0,
    insertedIds: {},
    matchedCount: 0,
    modifiedCount: 0,
    deletedCount: 0,
    upsertedCount: 0,
    upsertedIds: {},
  };
  const failures: Document[] = [];
  for (const [from, to] of groups(steps)) {
    const { kind } = steps[from]!;
    const reply = run({
      [kind]: collection,
      [LISTS[kind]]: steps.slice(from, to).map(({ element }) => element),
      ordered: isOrdered,
      ...pick(options, [...WRITE_FIELDS, 'bypassDocumentValidation']),
    });
    const errors = (reply['writeErrors'] ?? []) as Document[];
    addUp(
      result,
      reply,
      steps,
      from,
      to,
      isOrdered && errors.length > 0 ? Number(errors[0]!['index']) : to - from,
    );
    for (const error of errors) {
      const index = from + Number(error['index']);
      failures.push({ ...error, index, op: steps[index]!.element });
    }
    if (isOrdered && failures.length > 0) break;
  }
  if (failures.length === 0) return result;
  throw new ServerError({ ...failures[0], writeErrors: failures, result }, 'MongoBulkWriteError');
}

/** @param done  how many of the group were tried, as far as they were ordered */
function addUp(
  result: BulkResult,
  reply: Document,
  steps: readonly Step[],
  from: number,
  to: number,
  done: number,
): void {
  const n = Number(reply['n'] ?? 0);
  const { kind } = steps[from]!;
  if (kind === 'insert') {
    result.insertedCount += n;
    const failed = new Set(((reply['writeErrors'] ?? []) as Document[]).map(({ index }) => Number(index)));
    for (let i = from; i < Math.min(to, from + done); i++)
      if (!failed.has(i - from)) result.insertedIds[i] = steps[i]!.element['_id'];
  } else if (kind === 'update') {
    const upserted = (reply['upserted'] ?? []) as Document[];
    result.matchedCount += n - upserted.length;
    result.modifiedCount += Number(reply['nModified'] ?? 0);
    result.upsertedCount += upserted.length;
    for (const { index, _id } of upserted) result.upsertedIds[from + Number(index)] = _id;
  } else result.deletedCount += n;
}

/** Neighbours of a kind go together. */
function groups(steps: readonly Step[]): [from: number, to: number][] {
  const found: [number, number][] = [];
  for (let from = 0; from < steps.length;) {
    let to = from + 1;
    while (to < steps.length && steps[to]!.kind === steps[from]!.kind && to - from < MOST_STATEMENTS) to++;
    found.push([from, to]);
    from = to;
  }
  return found;
}

export function isAcknowledged(options: Document | undefined): boolean {
  return (options?.['writeConcern'] as Document | undefined)?.['w'] !== 0;
}

/** The first error of a reply is thrown. @returns the reply */
export function checked(reply: Document): Document {
  const [first] = (reply['writeErrors'] ?? []) as Document[];
  if (first !== undefined) throw new ServerError(first);
  const concern = reply['writeConcernError'] as Document | undefined;
  if (concern !== undefined) throw new ServerError(concern, 'MongoWriteConcernError');
  return reply;
}
