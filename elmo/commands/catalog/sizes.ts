/** collStats, dataSize, compact: how much collections hold. Source: the reference's answers. */
import { LsmStore } from '../../../lsm/index.js';
import { storageStats } from '../../aggregate/stages/statistics.js';
import { MIN_KEY } from '../../bson/types.js';
import { stringValue, Value } from '../../bson/value.js';
import type { CollectionSpec, IndexSpec } from '../../catalog/collection-spec.js';
import { viewRefusal } from '../../catalog/define.js';
import { checkNamespace, namespaceText, parseNamespace } from '../../catalog/namespace.js';
import { fieldsOf, rawDocument, type NamedValue } from '../../catalog/raw-document.js';
import type { Engine } from '../../engine/engine.js';
import { ElmoError } from '../../errors.js';
import type { FindRequest, Namespace, RawDocument } from '../../operation/requests.js';
import type { Arguments } from '../arguments.js';
import { collectionOf, type Command } from '../command.js';
import { anything, document, integer, looseFlag, text } from '../fields.js';

const collStats: Command = {
  name: 'collStats',
  aliases: ['collstats'],
  help: 'how much a collection holds',
  target: 'collection',
  fields: {
    collStats: text,
    collstats: text,
    scale: integer({ low: 1 }),
    verbose: looseFlag,
    waitForLock: looseFlag,
    numericOnly: looseFlag,
  },
  takesReadConcern: true,
  run(args, { engine, db }, reply) {
    const collection = args.text('collStats') ?? args.text('collstats') ?? '';
    const namespace = { db, collection };
    checkNamespace(namespace);
    const scale = args.number('scale') ?? 1;
    const spec = engine.catalog.get(namespace)?.spec;
    if (spec?.kind === 'view') throw viewRefusal(namespace);
    reply.text('ns', namespaceText(namespace));
    const figures = engine.collectionsNow().facts.figures(namespace);
    if (spec !== undefined && figures !== undefined) {
      reply.fieldsOf(storageStats(spec, figures, scale).document);
      return;
    }
    for (const name of [
      'size',
      'count',
      'numOrphanDocs',
      'storageSize',
      'totalSize',
      'nindexes',
      'totalIndexSize',
    ])
      reply.int32(name, 0);
    reply.object('indexDetails', () => undefined).object('indexSizes', () => undefined);
    reply.int32('scaleFactor', scale);
  },
};

/** The part of a collection that lies between two bounds of an index. */
interface Stretch {
  readonly index: IndexSpec;
  readonly min: RawDocument;
  readonly max: RawDocument;
}

const namesOf = (key: Uint8Array): string[] => fieldsOf(key).map(({ name }) => name);

function stretchOf(args: Arguments, spec: CollectionSpec): Stretch | undefined {
  const min = args.document('min');
  const max = args.document('max');
  if ((min === undefined) !== (max === undefined))
    throw new ElmoError(
      'BadValue',
      min === undefined ? 'Min must be set if max is set.' : 'Max must be set if min is set.',
    );
  if (min === undefined || max === undefined || namesOf(min).length === 0) return undefined;
  const key = args.document('keyPattern');
  const wanted = key === undefined || namesOf(key).length === 0 ? namesOf(min) : namesOf(key);
  for (const bound of [max, min])
    if (namesOf(bound).join() !== wanted.join())
      throw new ElmoError(12153300, 'field names of a bound do not match those of keyPattern');
  const index = spec.indexes.find(
    (each) =>
      each.isReady &&
      each.kind === 'ordered' &&
      !each.isSparse &&
      each.partialFilter === undefined &&
      wanted.every((name, i) => namesOf(each.key)[i] === name),
  );
  if (index === undefined)
    throw new ElmoError('OperationFailed', "Couldn't find valid index containing key pattern");
  return { index, min: extended(min, index), max: extended(max, index) };
}

/** A bound of the first fields of an index as one of all of them. */
function extended(bound: RawDocument, index: IndexSpec): RawDocument {
  const given = fieldsOf(bound);
  const rest = namesOf(index.key).slice(given.length);
  const fields: NamedValue[] = given.map(({ name, value }) => [name, value]);
  return rawDocument([...fields, ...rest.map((name) => [name, LEAST] as const)]);
}

const LEAST = new Value(MIN_KEY, new Uint8Array(0), 0);

const BATCH_DOCUMENTS = 1000;
const BATCH_BYTES = 1 << 20;

async function measured(engine: Engine, request: FindRequest): Promise<[documents: number, bytes: number]> {
  let [documents, bytes] = [0, 0];
  const cursor = await engine.find(request);
  for (let isLast = false; !isLast;) {
    const batch = await cursor.nextBatch(BATCH_DOCUMENTS, BATCH_BYTES);
    documents += batch.documents.length;
    for (const { length } of batch.documents) bytes += length;
    isLast = batch.isLast;
  }
  return [documents, bytes];
}

function wholeNamespace(name: string): Namespace {
  const namespace = parseNamespace(name);
  if (namespace.db === '' || namespace.collection === '')
    throw new ElmoError('InvalidNamespace', `Namespace ${name} is not a valid collection name`);
  return namespace;
}

const dataSize: Command = {
  name: 'dataSize',
  aliases: ['datasize'],
  help: 'the bytes of the documents of a collection, or of a stretch of it',
  target: 'any',
  fields: {
    dataSize: text,
    datasize: text,
    keyPattern: document,
    min: document,
    max: document,
    estimate: looseFlag,
  },
  takesReadConcern: true,
  async run(args, { engine, common }, reply) {
    const name = args.text('dataSize') ?? args.text('datasize');
    if (name === undefined)
      throw new ElmoError(
        'IDLFailedToParse',
        "BSON field 'dataSize.dataSize' is missing but a required field",
      );
    const namespace = wholeNamespace(name);
    const startedMs = engine.clock.nowMs();
    const entry = engine.catalog.get(namespace);
    if (entry?.spec.kind === 'view') throw viewRefusal(namespace);
    const stretch = entry === undefined ? undefined : stretchOf(args, entry.spec);
    const isEstimate = args.flag('estimate');
    const [documents, bytes] =
      stretch === undefined || entry === undefined
        ? [entry?.state.documentCount ?? 0, entry?.state.byteCount ?? 0]
        : await measured(engine, {
            ...common,
            namespace,
            hint: stringValue(stretch.index.name),
            min: stretch.min,
            max: stretch.max,
          });
    reply.int64('size', bytes).int64('numObjects', documents);
    reply.int64('millis', Math.floor(engine.clock.nowMs() - startedMs));
    if (entry !== undefined) reply.bool('estimate', isEstimate);
  },
};

/** @returns by how many bytes the file has become shorter */
async function compactStore({ kv }: Engine): Promise<number> {
  if (!(kv instanceof LsmStore)) return 0;
  const before = kv.stats().fileBytes;
  await kv.compact();
  return Math.max(0, before - kv.stats().fileBytes);
}

const compact: Command = {
  name: 'compact',
  help: 'gives the space that deleted documents took back to the file system',
  target: 'collection',
  fields: {
    compact: anything,
    force: looseFlag,
    dryRun: looseFlag,
    freeSpaceTargetMB: integer({ low: 1 }),
  },
  isWrite: true,
  async run(args, { engine, db }, reply) {
    const namespace = { db, collection: collectionOf(args, 'compact') };
    if (namespace.collection === '')
      throw new ElmoError('InvalidNamespace', `Invalid namespace specified '${db}'`);
    const spec = engine.catalog.get(namespace)?.spec;
    if (spec === undefined)
      throw new ElmoError('NamespaceNotFound', `collection does not exist: ${namespaceText(namespace)}`);
    if (spec.kind === 'view') throw viewRefusal(namespace);
    if (args.flag('dryRun')) reply.int64('estimatedBytesFreed', 0);
    else reply.int64('bytesFreed', await compactStore(engine));
  },
};

export const sizeCommands: readonly Command[] = [collStats, dataSize, compact];
