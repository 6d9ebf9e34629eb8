/**
 * Copies collections from one end to the other: options, documents by `_id`, indexes, then views. What is done is written
 * down after every batch, so that the next run goes on there; documents of a batch whose end was not written down are
 * found to be there already.
 */
import { Decoder, encodeDocument } from '../../elmo/index.js';
import type { Chosen, NamespaceChoice } from '../data/namespaces.js';
import type { MigratedCollection, MigrationEnd, ReadOrder } from './end.js';
import type { CollectionState, MigrationState } from './state.js';

export interface MigrationOptions {
  /** Replaces collections that are there. */
  readonly drops: boolean;
  /** Told of what did not go in. */
  readonly onFault: (text: string) => void;
}

/** Told of every batch: how many documents, and of which collection. */
type OnBatch = (documents: number, name: string) => void;

/** A collection and where it goes. */
export interface Move {
  readonly from: MigratedCollection;
  readonly to: MigratedCollection;
  /** 'shop.orders'. */
  readonly name: string;
}

const BATCH_DOCUMENTS = 1000;
const BATCH_BYTES = 8 * 1024 * 1024;
const precise = new Decoder({ promoteValues: false, bsonRegExp: true });

/** Those whose own order says something, or that have no index by `_id`. */
export function orderOf({ type, options }: MigratedCollection): ReadOrder {
  return type === 'timeseries' || options['capped'] === true ? 'natural' : 'id';
}

export class Migration {
  constructor(
    private readonly from: MigrationEnd,
    private readonly to: MigrationEnd,
    private readonly state: MigrationState,
    private readonly options: MigrationOptions,
  ) {}

  /**
   * What is to be done.
   * @throws Error when a collection of that name is there and not of an earlier run: nothing has been changed then
   */
  async plan(choice: NamespaceChoice): Promise<readonly Move[]> {
    const moves: Move[] = [];
    for (const from of await this.from.collections()) {
      const chosen: Chosen | undefined = choice.choose(from.db, from.collection);
      if (chosen === undefined) continue;
      const to = { ...from, ...chosen };
      moves.push({ from, to, name: `${to.db}.${to.collection}` });
    }
    const there = new Set((await this.to.collections()).map(({ db, collection }) => `${db}.${collection}`));
    const taken = moves.filter(({ name }) => there.has(name) && !this.isOurs(name)).map(({ name }) => name);
    if (taken.length > 0 && !this.options.drops)
      throw new Error(
        `${this.to.name} has ${taken.join(', ')} already, and nothing was changed: --drop replaces them, --nsExclude leaves them out, --nsFrom and --nsTo rename`,
      );
    for (const { name } of moves) this.state.of(name);
    this.state.save();
    return moves;
  }

  private isOurs(name: string): boolean {
    return this.state.isKnown(name) && this.state.of(name).phase !== 'waiting';
  }

  /** Views come last: what they are on is there then. */
  async run(moves: readonly Move[], onBatch: OnBatch): Promise<void> {
    for (const move of moves) if (move.from.type !== 'view') await this.copy(move, onBatch);
    for (const move of moves) {
      if (move.from.type !== 'view' || this.state.of(move.name).phase === 'done') continue;
      await this.attempt(move.name, async () => {
        if (this.options.drops) await this.to.drop(move.to);
        await this.to.create(move.to);
        this.enter(move.name, 'done');
      });
    }
  }

  private async copy(move: Move, onBatch: OnBatch): Promise<void> {
    const state = this.state.of(move.name);
    if (state.phase === 'done') return;
    await this.attempt(move.name, async () => {
      if (state.phase !== 'indexes') {
        await this.begin(move, state);
        await this.copyDocuments(move, state, onBatch);
        this.enter(move.name, 'indexes');
      }
      for (const definition of await this.from.indexes(move.from)) {
        try {
          await this.to.createIndex(move.to, definition);
        } catch (error) {
          this.options.onFault(`${move.name}: index ${definition['name']}: ${(error as Error).message}`);
        }
      }
      this.enter(move.name, 'done');
    });
  }

  private async begin(move: Move, state: CollectionState): Promise<void> {
    const isBegun = state.phase === 'documents';
    // what has been copied in its own order cannot be gone on with
    const isAnew = isBegun && state.lastId === undefined;
    if (isAnew) state.documents = 0;
    if (!isBegun) this.enter(move.name, 'documents');
    if (isAnew || (!isBegun && this.options.drops)) await this.to.drop(move.to);
    await this.to.create(move.to);
  }

  private async copyDocuments(
    { from, to, name }: Move,
    state: CollectionState,
    onBatch: OnBatch,
  ): Promise<void> {
    const order = orderOf(from);
    const { lastId } = state;
    const after = lastId === undefined ? undefined : Buffer.from(lastId, 'base64');
    let batch: Uint8Array[] = [];
    let bytes = 0;
    let isFirst = after !== undefined;
    const flush = async (): Promise<void> => {
      const documents = batch;
      [batch, bytes] = [[], 0];
      const { failures } = await this.to.insert(to, documents);
      for (const { isDuplicateId, message } of failures)
        if (!isFirst || !isDuplicateId) this.options.onFault(`${name}: ${message}`);
      isFirst = false;
      state.documents += documents.length;
      if (order === 'id') {
        const { _id } = precise.decode(documents.at(-1)!);
        state.lastId = Buffer.from(encodeDocument({ _id: _id as unknown })).toString('base64');
      }
      this.state.save();
      onBatch(documents.length, name);
    };
    if (state.documents > 0) onBatch(state.documents, name);
    for await (const document of this.from.read(from, order, after)) {
      batch.push(document);
      bytes += document.length;
      if (batch.length === BATCH_DOCUMENTS || bytes >= BATCH_BYTES) await flush();
    }
    if (batch.length > 0) await flush();
  }

  private enter(name: string, phase: CollectionState['phase']): void {
    this.state.of(name).phase = phase;
    this.state.save();
  }

  /** A collection that cannot be made or read is a fault; the next one is gone on with. Lost connections end it all. */
  private async attempt(name: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (typeof code !== 'number') throw error;
      this.options.onFault(`${name}: ${(error as Error).message}`);
    }
  }
}
