/** The two that are compared, as something that takes commands; and what of a reply is compared. */
import {
  CommandTable,
  dispatch,
  elmoCommands,
  openEngine,
  ReplyWriter,
  type Engine,
} from '../../elmo/index.js';
import { decodeDocument, Decoder } from '../../elmo/bson/decode.js';
import { EJSON, type Document } from '../../elmo/bson/package.js';
import type { WireClient } from '../support/wire-client.js';
import { DB, type RandomCommand } from './commands.js';
import { encodeMessage } from './message.js';

export interface Side {
  /** @returns the reply's bytes */
  send(message: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** What is compared of one answer: `rows` separately, since their order may be free. */
export interface Answer {
  /** Code of an error, counts, errors of statements. */
  readonly facts: string;
  /** Documents in the order they came, as hexadecimal text. */
  readonly rows: readonly string[];
  readonly isError: boolean;
  /** Of an error; only shown. */
  readonly message?: string;
}

const commands = new CommandTable(elmoCommands);
const exact = new Decoder({ promoteValues: false, promoteLongs: false, bsonRegExp: true });
const rawDocuments = new Decoder({ raw: true, promoteValues: false });

export async function ourSide(): Promise<Side & { readonly engine: Engine }> {
  const engine = await openEngine(':memory:', { worker: false });
  return {
    engine,
    async send(message) {
      const reply = new ReplyWriter();
      await dispatch(
        { body: message, sequences: undefined },
        {
          engine,
          client: { connectionId: 0, remote: 'test', appName: undefined },
          commands,
          signal: undefined,
        },
        reply,
      );
      return reply.toBytes();
    },
    close: () => engine.close(),
  };
}

export function referenceSide(client: WireClient): Side {
  return { send: (message) => client.sendMessage(message), close: () => Promise.resolve() };
}

export function messageOf({ command, isOfAdmin }: Pick<RandomCommand, 'command' | 'isOfAdmin'>): Uint8Array {
  return encodeMessage({ ...command, $db: isOfAdmin === true ? 'admin' : DB });
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Runs a command, and pulls its cursor to the end. */
export async function ask(side: Side, random: RandomCommand): Promise<Answer> {
  const reply = await side.send(messageOf(random));
  const plain = decodeDocument(reply);
  if (plain['ok'] !== 1)
    return {
      facts: `error ${String(plain['code'])}${duplicate(exact.decode(reply) as Document)}`,
      rows: [],
      isError: true,
      message: String(plain['errmsg']),
    };
  if (plain['cursor'] === undefined)
    return { facts: factsOf(reply), rows: [], isError: 'writeErrors' in plain };
  const rows: string[] = [];
  const sizes: number[] = [];
  const add = (batch: readonly Uint8Array[]): void => {
    sizes.push(batch.length);
    for (const row of batch) rows.push(hex(row));
  };
  const first = rawDocuments.decode(reply) as Document;
  if (random.isOfAdmin === true) return bulkAnswer(plain, exact.decode(reply) as Document);
  add(batchOf(first, 'firstBatch'));
  const id = (exact.decode(reply) as { cursor: Document }).cursor['id'] as { isZero(): boolean };
  const batchSize = (random.command['batchSize'] ??
    (random.command['cursor'] as Document | undefined)?.['batchSize']) as unknown;
  let isOver = id.isZero();
  while (!isOver) {
    const more = await side.send(
      encodeMessage({
        getMore: id,
        collection: collectionOf(random.command),
        ...(Number(batchSize) > 0 ? { batchSize } : {}),
        $db: DB,
      }),
    );
    const next = decodeDocument(more);
    if (next['ok'] !== 1)
      return {
        facts: `getMore: error ${String(next['code'])}`,
        rows,
        isError: true,
        message: String(next['errmsg']),
      };
    add(batchOf(rawDocuments.decode(more) as Document, 'nextBatch'));
    isOver = (exact.decode(more) as { cursor: { id: { isZero(): boolean } } }).cursor.id.isZero();
  }
  if (sizes.length > 1 && sizes.at(-1) === 0) sizes.pop(); // that there is no more may be known late
  return { facts: sizes.join(' '), rows, isError: false };
}

function collectionOf(command: Document): unknown {
  const name: unknown = command['find'] ?? command['aggregate'];
  return name === 1 ? '$cmd.aggregate' : name;
}

function batchOf(reply: Document, name: string): Uint8Array[] {
  const cursor = decodeCursor(reply['cursor'] as Uint8Array, name);
  return cursor;
}

/** The documents of a batch as bytes. */
function decodeCursor(cursor: Uint8Array, name: string): Uint8Array[] {
  const batch = (rawDocuments.decode(cursor) as Document)[name] as Uint8Array | readonly Uint8Array[];
  return Array.isArray(batch)
    ? (batch as Uint8Array[])
    : Object.values(rawDocuments.decode(batch as Uint8Array));
}

/** Which key a unique index refused. */
function duplicate({ keyPattern, keyValue }: Document): string {
  return keyPattern === undefined
    ? ''
    : ` ${show({ keyPattern: keyPattern as unknown, keyValue: keyValue as unknown })}`;
}

function errorsOf(errors: readonly Document[] | undefined): unknown {
  return errors?.map((error) => [Number(error['index']), Number(error['code']), duplicate(error)]);
}

/** Replies without a cursor: counts, values, errors; without what says when and where. */
function factsOf(reply: Uint8Array): string {
  const whole = exact.decode(reply) as Document;
  const { n, nModified, value, values, upserted, lastErrorObject } = whole;
  return show({
    n,
    nModified,
    value,
    values,
    upserted,
    lastErrorObject,
    errors: errorsOf(whole['writeErrors'] as Document[] | undefined),
  });
}

/** @param whole  the same with the types of its values: keys hold what JavaScript has no words for */
function bulkAnswer(plain: Document, whole: Document): Answer {
  const { nErrors, nInserted, nMatched, nModified, nUpserted, nDeleted } = plain;
  const keys = (whole['cursor'] as { firstBatch: Document[] }).firstBatch;
  const results = (plain['cursor'] as { firstBatch: Document[] }).firstBatch.map(
    ({ ok, idx, code, n, nModified: changed }, i) => ({
      ok,
      idx,
      code,
      n,
      changed,
      upserted: keys[i]!['upserted'] as unknown,
      keys: duplicate(keys[i]!),
    }),
  );
  return {
    facts: show({ nErrors, nInserted, nMatched, nModified, nUpserted, nDeleted, results }),
    rows: [],
    isError: Number(nErrors) > 0,
  };
}

function sortedByName(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedByName);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, each]) => [name, sortedByName(each)]),
  );
}

/** An answer whose documents have their fields by name, at every depth. */
export function withFieldsByName(answer: Answer): Answer {
  const { facts, rows } = answer;
  return {
    ...answer,
    facts: facts.startsWith('{') ? JSON.stringify(sortedByName(JSON.parse(facts))) : facts,
    rows: rows.map((row) => show(sortedByName(exact.decode(Buffer.from(row, 'hex'))))),
  };
}

export function show(value: unknown): string {
  return EJSON.stringify(value, { relaxed: false });
}

/** Bytes of documents for people. */
export function showRow(row: string): string {
  return show(exact.decode(Buffer.from(row, 'hex')));
}

export function showMessage(message: Uint8Array): string {
  return show(exact.decode(message));
}

/** @returns whether two answers are the same, rows in any order unless it is defined */
export function areAlike(a: Answer, b: Answer, isOrdered: boolean): boolean {
  if (a.facts !== b.facts || a.rows.length !== b.rows.length) return false;
  const [left, right] = isOrdered ? [a.rows, b.rows] : [[...a.rows].sort(), [...b.rows].sort()];
  return left.every((row, i) => row === right[i]);
}
