/** Takes a dump's steps into a database: options, documents, then indexes. What is refused is told; the rest goes in. */
import {
  Decoder,
  EJSON,
  encodeDocument,
  validateDocument,
  type Db,
  type Document,
} from '../../elmo/index.js';
import type { ElmoClient } from '../../server-compat/index.js';
import { formatCount, formatCounted } from '../output.js';
import type { Terminal } from '../terminal.js';
import { unpackBucket, type TimeseriesOptions } from './buckets.js';
import type { DumpStep } from './dump-source.js';
import type { Chosen, NamespaceChoice } from './namespaces.js';

export interface RestoringOptions {
  readonly drops: boolean;
  readonly keepsIndexes: boolean;
  readonly keepsOptions: boolean;
  readonly stopsOnFault: boolean;
}

interface Metadata {
  readonly options?: Document;
  readonly indexes?: readonly Document[];
}

/** A collection that is being filled. */
interface Target extends Chosen {
  readonly name: string;
  readonly indexes: readonly Document[];
  /** Of a time-series collection, whose documents may come as buckets. */
  readonly timeseries: TimeseriesOptions | undefined;
  /** It could not be made: its documents are left out. */
  isRefused: boolean;
  /** Documents of it that have come. */
  seen: number;
}

/** The first fault, where that ends the work. */
export class StoppedRestoring extends Error {}

const MOST_TOLD = 20;
/** Keeps every type of number. */
const precise = new Decoder({ promoteValues: false });
/** Where servers before 3.0 kept the indexes of a database. */
const OLD_INDEXES = 'system.indexes';

export class Restoring {
  documents = 0;
  faults = 0;
  collections = 0;
  private duplicates = 0;
  private readonly targets = new Map<string, Target>();
  /** Definitions from `system.indexes`, each with `ns`. */
  private readonly oldIndexes: Document[] = [];

  constructor(
    private readonly client: ElmoClient,
    private readonly terminal: Terminal,
    private readonly choice: NamespaceChoice,
    private readonly options: RestoringOptions,
  ) {}

  async take(step: DumpStep): Promise<void> {
    const name = `${step.db}.${step.collection}`;
    if (step.kind === 'collection') {
      if (!isOfServer(step)) await this.begin(step, name);
      return;
    }
    if (step.kind === 'documents' && step.collection === OLD_INDEXES) {
      this.oldIndexes.push(...step.documents.map((document) => precise.decode(document)));
      return;
    }
    const target = this.targets.get(name);
    if (target === undefined) {
      if (step.kind === 'end' && step.fault !== undefined) this.complain(`${name}: ${step.fault}`);
      return;
    }
    if (step.kind === 'documents') {
      if (!target.isRefused) await this.insert(target, step.documents);
      return;
    }
    this.targets.delete(name);
    if (this.options.keepsIndexes && !target.isRefused) await this.index(target, target.indexes);
    if (step.fault !== undefined) this.complain(`${target.name}: ${step.fault}`);
  }

  /** How to go on, where something was left out. */
  get hints(): readonly string[] {
    const hints: string[] = [];
    if (this.duplicates > 0)
      hints.push(
        `${formatCounted(this.duplicates, 'was', 'were')} there already: --drop restores collections anew, --nsFrom and --nsTo beside them`,
      );
    if (this.faults > this.duplicates)
      hints.push('all that could be read is there; a dump that is mended can be restored again with --drop');
    return hints;
  }

  /** What was to wait until all collections are there. */
  async finish(): Promise<void> {
    if (!this.options.keepsIndexes) return;
    for (const ns of new Set(this.oldIndexes.map((definition) => String(definition['ns'])))) {
      const indexes = this.oldIndexes.filter((definition) => definition['ns'] === ns);
      const dot = ns.indexOf('.');
      const chosen = this.choice.choose(ns.slice(0, dot), ns.slice(dot + 1));
      if (chosen !== undefined) await this.index({ ...chosen, name: ns }, indexes);
    }
  }

  private async begin(
    { db, collection, metadata }: DumpStep & { kind: 'collection' },
    name: string,
  ): Promise<void> {
    const chosen = this.choice.choose(db, collection);
    if (chosen === undefined) return;
    let read: Metadata = {};
    const target: Target = { ...chosen, name, indexes: [], timeseries: undefined, isRefused: false, seen: 0 };
    try {
      read = parseMetadata(metadata);
      await this.create(chosen, this.options.keepsOptions ? (read.options ?? {}) : {});
      this.collections++;
    } catch (error) {
      target.isRefused = true;
      this.complain(`${name}: ${(error as Error).message}`);
    }
    const timeseries = read.options?.['timeseries'] as TimeseriesOptions | undefined;
    this.targets.set(name, { ...target, indexes: read.indexes ?? [], timeseries });
  }

  private async create({ db: dbName, collection }: Chosen, options: Document): Promise<void> {
    const db = this.client.db(dbName);
    if (this.options.drops) await db.collection(collection).drop();
    const { defining } = this.client.engine;
    if (defining.listCollections(dbName, encodeDocument({ name: collection }), true).length > 0) return;
    const kept = without(options, OUTDATED_OPTIONS);
    // past the commands, which take longer to load than a small dump to restore
    if (Object.keys(kept).length === 0)
      await defining.create({ db: dbName, collection }, encodeDocument({}), {});
    else await db.command({ create: collection, ...kept });
  }

  private async insert(target: Target, given: readonly Uint8Array[]): Promise<void> {
    const documents: Uint8Array[] = [];
    for (const document of given) {
      target.seen++;
      try {
        validateDocument(document);
        if (target.timeseries === undefined) documents.push(document);
        else documents.push(...measurementsOf(document, target.timeseries));
      } catch (error) {
        const which = `document ${formatCount(target.seen)} is left out`;
        this.complain(`${target.name}: ${which}: ${(error as Error).message}`);
      }
    }
    const { db, collection } = target;
    const { inserted, failures } = await this.client.engine.insert({
      namespace: { db, collection },
      documents,
      isOrdered: this.options.stopsOnFault,
      bypassDocumentValidation: true,
      keepsEmptyTimestamps: true,
    });
    this.documents += inserted;
    for (const { error } of failures) {
      if (error.codeName === 'DuplicateKey') this.duplicates++;
      this.complain(`${target.name}: ${error.message}`);
    }
  }

  /** All in one go; when one is refused, each by itself. */
  private async index(
    { db: dbName, collection, name }: Chosen & { name: string },
    given: readonly Document[],
  ): Promise<void> {
    const db = this.client.db(dbName);
    const indexes = given
      .map((definition) => without(definition, OUTDATED_DEFINITIONS))
      .filter((definition) => definition['name'] !== '_id_');
    if (indexes.length === 0) return;
    try {
      await createIndexes(db, collection, indexes);
    } catch {
      for (const definition of indexes) {
        try {
          await createIndexes(db, collection, [definition]);
        } catch (error) {
          this.complain(`${name}: index ${definition['name']}: ${(error as Error).message}`);
        }
      }
    }
  }

  private complain(text: string): void {
    this.faults++;
    if (this.faults <= MOST_TOLD) this.terminal.warn(`${text}\n`);
    if (this.faults === MOST_TOLD + 1) this.terminal.warn('… more faults are counted, but not told\n');
    if (this.options.stopsOnFault) throw new StoppedRestoring();
  }
}

const createIndexes = (db: Db, collection: string, indexes: readonly Document[]): Promise<unknown> =>
  db.command({ createIndexes: collection, indexes });

/** What a server keeps for itself. */
function isOfServer({ db, collection }: Chosen): boolean {
  return (
    db === '' || (collection.startsWith('system.') && collection !== 'system.js') || collection === 'oplog'
  );
}

/** @throws Error when it is neither a bucket nor a measurement */
function measurementsOf(document: Uint8Array, options: TimeseriesOptions): Uint8Array[] {
  const decoded = precise.decode(document);
  if (decoded[options.timeField] !== undefined) return [document];
  return unpackBucket(decoded, options).map((measurement) => encodeDocument(measurement));
}

/** @throws Error */
function parseMetadata(text: string): Metadata {
  if (text.trim() === '') return {};
  try {
    return EJSON.parse(text, { relaxed: false }) as Metadata;
  } catch (error) {
    throw new Error(`its metadata cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** What older servers wrote, and newer ones do not take. */
const OUTDATED_OPTIONS = new Set(['create', 'autoIndexId', 'uuid', 'idIndex']);
const OUTDATED_DEFINITIONS = new Set(['ns', 'v', 'background']);

function without(document: Document, names: ReadonlySet<string>): Document {
  return Object.fromEntries(Object.entries(document).filter(([name]) => !names.has(name)));
}
