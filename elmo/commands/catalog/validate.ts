/** validate: whether documents, indexes and counts of a collection agree. Source: the reference's answers. */
import { documentValue, int64OfNumber } from '../../bson/value.js';
import { viewRefusal } from '../../catalog/define.js';
import { indexesBeside } from '../../catalog/listing.js';
import { checkNamespace, namespaceText } from '../../catalog/namespace.js';
import { uuidValue } from '../../catalog/record.js';
import { ElmoError } from '../../errors.js';
import { needsRepair, repairCollection, verifyInSlices, type VerifyResult } from '../../index/verify.js';
import type { OpenCollection } from '../../index/open-collection.js';
import type { Arguments } from '../arguments.js';
import { collectionOf, type Command } from '../command.js';
import { anything } from '../fields.js';
import type { ReplyWriter } from '../reply.js';
import { isTruthy } from '../../query/elements.js';

const OPTIONS = [
  'full',
  'background',
  'repair',
  'metadata',
  'checkBSONConformance',
  'enforceFastCount',
] as const;

type Option = (typeof OPTIONS)[number];

/** Options of which the first excludes the others. */
const EXCLUSIVE: readonly (readonly [Option, readonly Option[]])[] = [
  ['background', ['full', 'enforceFastCount', 'repair']],
  ['metadata', ['full', 'background', 'repair', 'checkBSONConformance', 'enforceFastCount']],
  ['repair', ['checkBSONConformance', 'enforceFastCount']],
];

function optionsOf(args: Arguments): ReadonlySet<Option> {
  const set = new Set(
    OPTIONS.filter((name) => {
      const value = args.value(name);
      return value !== undefined && isTruthy(value);
    }),
  );
  for (const [name, others] of EXCLUSIVE)
    for (const other of others)
      if (set.has(name) && set.has(other))
        throw new ElmoError(
          'InvalidOptions',
          `Running the validate command with both { ${name}: true } and { ${other}: true } is not supported.`,
        );
  return set;
}

/** What is known of a collection that was not read. */
function unread(collection: OpenCollection): VerifyResult {
  const indexes = collection.indexes.map(({ spec }) => ({
    name: spec.name,
    entries: 0,
    missing: 0,
    extra: 0,
  }));
  return { documents: 0, damaged: 0, entries: 0, indexes, problems: [] };
}

const validate: Command = {
  name: 'validate',
  help: 'whether documents, indexes and counts of a collection agree; with repair, makes them',
  target: 'collection',
  fields: { validate: anything, ...Object.fromEntries(OPTIONS.map((name) => [name, anything])) },
  ignoresUnknown: true,
  async run(args, { engine, db, common }, reply) {
    const options = optionsOf(args);
    const namespace = { db, collection: collectionOf(args, 'validate') };
    checkNamespace(namespace);
    const collection = engine.collections.get(namespace);
    if (collection === undefined)
      throw new ElmoError(
        'NamespaceNotFound',
        `Collection '${namespaceText(namespace)}' does not exist to validate.`,
      );
    if (collection.spec.kind === 'view') throw viewRefusal(namespace);
    const isRead = !options.has('metadata');
    const operation = engine.newOperation(common);
    let found = isRead ? await verifyInSlices(engine.kv, collection, operation) : unread(collection);
    const isRepaired = options.has('repair') && needsRepair(found, collection);
    if (isRepaired) {
      await engine.committer.run(operation, (unit) => repairCollection(unit, collection));
      found = await verifyInSlices(engine.kv, collection, operation);
    }
    write(reply, collection, found, { isRead, isRepaired, repairs: options.has('repair') });
  },
};

interface Manner {
  readonly isRead: boolean;
  readonly isRepaired: boolean;
  readonly repairs: boolean;
}

function write(
  reply: ReplyWriter,
  { spec }: OpenCollection,
  found: VerifyResult,
  { isRead, isRepaired, repairs }: Manner,
): void {
  reply
    .bool('valid', found.problems.length === 0)
    .bool('repaired', isRepaired)
    .text('repairMode', repairs ? 'FixErrors' : 'None')
    .text('ns', namespaceText(spec.namespace))
    .value('uuid', uuidValue(spec.uuid))
    .texts('warnings', [])
    .texts('errors', found.problems)
    .values('extraIndexEntries', [])
    .values('missingIndexEntries', []);
  if (isRead)
    reply
      .int64('nInvalidDocuments', found.damaged)
      .int64('nNonCompliantDocuments', 0)
      .int64('nrecords', found.documents);
  const beside = indexesBeside(spec);
  const results = found.indexes.slice(spec.indexes.length - beside.length);
  reply.values('corruptRecords', []).int32('nIndexes', results.length);
  reply.object('keysPerIndex', (into) => {
    for (const { name, entries } of results) into.value(name, int64OfNumber(entries));
  });
  reply.object('indexDetails', (into) => {
    results.forEach(({ name, missing, extra }, i) =>
      into.object(name, (of) =>
        of
          .bool('valid', missing + extra === 0)
          .value('spec', documentValue(beside[i]!.definition))
          .bool('isMultikey', beside[i]!.isMultikey),
      ),
    );
  });
}

export const validateCommands: readonly Command[] = [validate];
