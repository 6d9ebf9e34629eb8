/** The planner's cache and filters: planCacheClear, planCacheListFilters, planCacheSetFilter, planCacheClearFilters. */
import { ARRAY, OBJECT, STRING } from '../../bson/types.js';
import type { CatalogEntry } from '../../catalog/catalog.js';
import { viewRefusal } from '../../catalog/define.js';
import { parseCollation } from '../../collation/parse.js';
import { givenQueryShape, isAmong } from '../../engine/plan-filters.js';
import { ERROR_CODES } from '../../error-codes.js';
import { ElmoError } from '../../errors.js';
import type { Arguments } from '../arguments.js';
import { collectionOf, type Command, type CommandContext } from '../command.js';
import { anything, type FieldRule, type Fields } from '../fields.js';
import { ReplyWriter } from '../reply.js';
import type { RawDocument } from '../../operation/requests.js';

/** A document where it is given; the reference calls anything else a bad value, null too. */
const shapePart: FieldRule = {
  types: [OBJECT],
  skipsNull: false,
  isRequired: false,
  typeError: {
    code: ERROR_CODES.BadValue,
    message: (field) => `optional field ${field.slice(field.lastIndexOf('.') + 1)} must be an object`,
  },
};

const collationPart: FieldRule = {
  ...shapePart,
  check(value) {
    if (value.document.length <= EMPTY.length)
      throw new ElmoError('BadValue', 'optional field collation cannot be an empty object');
    parseCollation(value.document, 'collation');
  },
};

const SHAPE: Fields = { query: shapePart, sort: shapePart, projection: shapePart, collation: collationPart };
const SHAPE_PARTS = ['query', 'sort', 'projection', 'collation'] as const;
const EMPTY: RawDocument = new Uint8Array([5, 0, 0, 0, 0]);

function checkShape(args: Arguments): void {
  if (args.has('query')) return;
  if (SHAPE_PARTS.some((part) => args.has(part)))
    throw new ElmoError('BadValue', 'sort, projection, or collation provided without query');
}

/** What `planCacheListFilters` shows: the shape, and the indexes it allows. */
function filterDocument(args: Arguments): RawDocument {
  const writer = new ReplyWriter();
  const start = writer.beginDocument();
  for (const part of ['query', 'sort', 'projection'] as const)
    writer.document(part, args.document(part) ?? EMPTY);
  if (args.has('collation')) writer.document('collation', args.document('collation')!);
  writer.value('indexes', args.value('indexes')!);
  writer.endDocument(start);
  return writer.toBytes();
}

/** @throws ElmoError if the query is none */
function shapeOf(args: Arguments, entry: CatalogEntry): string {
  return givenQueryShape(entry, {
    query: args.document('query') ?? EMPTY,
    sort: args.document('sort'),
    projection: args.document('projection'),
    collation: args.document('collation'),
  });
}

/** @returns undefined: there is no such collection. @throws ElmoError InvalidNamespace, CommandNotSupportedOnView */
function entryOf(args: Arguments, { db, engine }: CommandContext, command: string): CatalogEntry | undefined {
  const namespace = { db, collection: collectionOf(args, command) };
  if (namespace.collection === '')
    throw new ElmoError('InvalidNamespace', `Invalid namespace specified '${db}'`);
  const entry = engine.catalog.get(namespace);
  if (entry?.spec.kind === 'view' || entry?.spec.kind === 'timeseries') throw viewRefusal(namespace);
  return entry;
}

const planCacheClear: Command = {
  name: 'planCacheClear',
  help: 'forgets which plans were best',
  target: 'collection',
  fields: { ...SHAPE, sort: anything, projection: anything, collation: anything },
  ignoresUnknown: true,
  run(args, context) {
    entryOf(args, context, 'planCacheClear');
  },
};

const planCacheListFilters: Command = {
  name: 'planCacheListFilters',
  help: 'which indexes the planner was told to keep to',
  target: 'collection',
  fields: {},
  ignoresUnknown: true,
  run(args, context, reply) {
    const filters = entryOf(args, context, 'planCacheListFilters')?.state.planFilters ?? [];
    reply.documents(
      'filters',
      filters.map(({ shown }) => shown),
    );
  },
};

const planCacheSetFilter: Command = {
  name: 'planCacheSetFilter',
  help: 'tells the planner which indexes to keep to for queries of a shape',
  target: 'collection',
  fields: { ...SHAPE, indexes: anything, comment: anything },
  ignoresUnknown: true,
  run(args, context) {
    const entry = entryOf(args, context, 'planCacheSetFilter');
    if (entry === undefined) throw new ElmoError('BadValue', 'no such collection');
    const indexes = args.value('indexes');
    if (indexes === undefined) throw new ElmoError('BadValue', 'required field indexes missing');
    if (indexes.type !== ARRAY) throw new ElmoError('BadValue', 'required field indexes must be an array');
    const elements = args.elements('indexes');
    if (elements.length === 0)
      throw new ElmoError('BadValue', 'required field indexes must contain at least one index');
    for (const { type } of elements)
      if (type !== OBJECT && type !== STRING)
        throw new ElmoError('BadValue', 'each item in indexes must be an object or string');
    if (!args.has('query')) throw new ElmoError('BadValue', 'required field query missing');
    const shape = shapeOf(args, entry);
    const allowed = elements.map((element) => element.keep());
    const { state } = entry;
    state.planFilters = [
      ...state.planFilters.filter((each) => each.shape !== shape),
      { shape, shown: filterDocument(args), allows: (index) => isAmong(index, allowed) },
    ];
  },
};

const planCacheClearFilters: Command = {
  name: 'planCacheClearFilters',
  help: 'lets the planner choose from all indexes again',
  target: 'collection',
  fields: SHAPE,
  ignoresUnknown: true,
  run(args, context) {
    checkShape(args);
    const entry = entryOf(args, context, 'planCacheClearFilters');
    if (entry === undefined) return;
    const { state } = entry;
    const shape = args.has('query') ? shapeOf(args, entry) : undefined;
    state.planFilters = state.planFilters.filter((each) => shape !== undefined && each.shape !== shape);
  },
};

export const planCacheCommands: readonly Command[] = [
  planCacheClear,
  planCacheListFilters,
  planCacheSetFilter,
  planCacheClearFilters,
];
