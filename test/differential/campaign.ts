/**
 * The same random commands to us and to a reference engine, replies compared byte by byte (types and order of fields
 * included), errors by their codes; what a find gives by an index also against our own scan of the whole collection.
 */
import type { Document } from '../../elmo/bson/package.js';
import { SeededRandom } from '../support/seeded-random.js';
import {
  withBoundsWrapped,
  unoptimized,
  withFieldsHidden,
  withConditionsSettled,
  withHashesShown,
  withoutBatches,
  withoutWriting,
} from './asked-again.js';
import { areAlikeBut, errorOf, hasNewId, isAlikeButNewIds, isSameLateError, rowsOf } from './answers.js';
import { hashesHold } from './hashes.js';
import type { WireClient } from '../support/wire-client.js';
import {
  asksOfMissing,
  asksPosition,
  asksView,
  isOfPosition,
  isWildcard,
  reads,
  without,
} from './command-facts.js';
import { randomCommand, setup, type Indexes, type RandomCommand } from './commands.js';
import {
  BOUNDS_BEHIND_A_GROUP,
  decidedDifference,
  DISTINCT_BY_INDEX,
  endsReference,
  ERROR_BEFORE_ROWS,
  failsInPlan,
  MISSING_BY_WILDCARD,
  POSITION_BY_INDEX,
  isRenumbered,
  ORDER_BY_POSITIONS,
  ORDER_OF_PARTS,
  KEYS_OF_A_COLLATION,
  LIST_UNDER_A_COLLATION,
  otherTexts,
  PLANS_TRIED,
  OPTIMIZED_AWAY,
  PLACE_OF_A_FIELD,
  ROWS_BEFORE_AN_ERROR,
  mayShowBeforeSorting,
  shapesOrdered,
} from './decided.js';
import {
  areAlike,
  ask,
  messageOf,
  ourSide,
  referenceSide,
  showMessage,
  showRow,
  withFieldsByName,
  type Answer,
  type Side,
} from './sides.js';

export const OPERATIONS_PER_ROUND = 40;

export interface Difference {
  readonly seed: number;
  readonly command: string;
  /** What the collection held then, or holds since. */
  readonly documents: readonly string[];
  /** Definitions of the indexes, but for that of `_id`. */
  readonly indexes: readonly string[];
  readonly ours: string;
  readonly theirs: string;
}

/** What a round found: a difference ends it. */
export interface RoundResult {
  readonly operations: number;
  readonly difference: Difference | undefined;
  /** Differences that were decided, by name. */
  readonly decided: readonly string[];
}

const contents = (collection: string): RandomCommand => ({
  command: { find: collection, sort: { _id: 1 } },
  isOrdered: true,
});

/** Options of a find that ask for a part of its rows. */
const PARTS: ReadonlySet<string> = new Set(['limit', 'skip', 'batchSize', 'singleBatch']);

export class Round {
  readonly random: SeededRandom;
  readonly indexes: Indexes = new Map();
  readonly decided: string[] = [];
  /** Whether records lie in the order of a collation. */
  private isCollatedCluster = false;
  /** Whether the collection has a collation. */
  private isCollated = false;
  /** Stages of the view `v`. */
  private viewPipeline: readonly Document[] = [];

  constructor(
    readonly seed: number,
    readonly ours: Side,
    readonly theirs: Side,
  ) {
    this.random = new SeededRandom(seed);
  }

  /** Makes the collections of the round on both sides. */
  async begin(): Promise<Difference | undefined | 'over'> {
    for (const name of ['v', 'c', 'd']) await this.theirs.send(messageOf({ command: { drop: name } }));
    for (const command of setup(this.random)) {
      if ('viewOn' in command) this.viewPipeline = command['pipeline'] as Document[];
      const difference = await this.compare({ command, isOrdered: true });
      if (difference !== undefined) return difference;
    }
    return undefined;
  }

  next(): RandomCommand {
    for (;;) {
      const random = randomCommand(this.random, this.indexes);
      if (!endsReference(random.command)) return random;
    }
  }

  /** @returns undefined if the answers are alike; 'over' if the sides have parted in what is left open */
  async compare(random: RandomCommand): Promise<Difference | undefined | 'over'> {
    const [ours, theirs] = await Promise.all([ask(this.ours, random), ask(this.theirs, random)]);
    if (hasNewId(ours) && hasNewId(theirs)) return 'over'; // an upsert without an _id of its own
    if (!areAlike(ours, theirs, random.isOrdered)) {
      const decided =
        decidedDifference(random.command, ours, theirs) ??
        (this.isFieldsPlace(random, ours, theirs) ? PLACE_OF_A_FIELD : undefined) ??
        (isSameLateError(random, ours, theirs) ? ROWS_BEFORE_AN_ERROR : undefined) ??
        ((await this.isHashOfPlaces(random, ours, theirs)) ? PLACE_OF_A_FIELD : undefined) ??
        ((await this.isKeyOfCollation(ours, theirs)) ? KEYS_OF_A_COLLATION : undefined) ??
        ((await this.isEarlierError(random, ours, theirs)) ? ERROR_BEFORE_ROWS : undefined) ??
        ((await this.isShapedOrder(random)) ? ORDER_BY_POSITIONS : undefined) ??
        ((await this.isOrderOfParts(random)) ? ORDER_OF_PARTS : undefined) ??
        ((await this.isOptimizers(random, ours)) ? OPTIMIZED_AWAY : undefined) ??
        ((await this.isOfBounds(random, ours)) ? BOUNDS_BEHIND_A_GROUP : undefined) ??
        (theirs.isError && !ours.isError
          ? await this.decidedByPlans(random, ours, theirs)
          : (((await this.isListUnderCollation(random, ours)) ? LIST_UNDER_A_COLLATION : undefined) ??
            (await this.decidedByIndex(random, ours))));
      if (decided === undefined) return this.difference(random, ours, theirs);
      this.decided.push(decided);
      if (random.changes !== undefined || 'createIndexes' in random.command) return 'over';
    }
    this.noteIndexes(random.command, ours);
    for (const name of random.changes ?? []) {
      const [here, there] = await Promise.all([
        ask(this.ours, contents(name)),
        ask(this.theirs, contents(name)),
      ]);
      if (areAlike(here, there, true)) continue;
      if (isAlikeButNewIds(here, there)) return 'over'; // the answer does not tell them
      const decided =
        decidedDifference(random.command, here, there) ??
        (this.isFieldsPlace(random, here, there) ? PLACE_OF_A_FIELD : undefined);
      if (decided !== undefined) {
        this.decided.push(decided);
        return 'over';
      }
      // a statement over many documents that fails has changed those it came to first
      return ours.isError ? 'over' : this.difference(random, here, there);
    }
    return this.compareWithScan(random, ours);
  }

  /** Whether the reference answers as we do once its optimizer may not leave out, or move, what no one sees. */
  private async isOptimizers(random: RandomCommand, given: Answer): Promise<boolean> {
    const asked = random.changes === undefined ? random.command : withoutWriting(random.command);
    const command = asked === undefined ? undefined : unoptimized(asked);
    if (command === undefined) return false;
    const ours = asked === random.command ? given : await ask(this.ours, { ...random, command: asked! });
    const theirs = await ask(this.theirs, { ...random, command });
    return areAlike(ours, theirs, random.isOrdered) || isRenumbered(ours, theirs);
  }

  /** Whether the answers differ in the places of fields only, after stages that may leave a field out and set it again. */
  private isFieldsPlace({ command, isOrdered }: RandomCommand, ours: Answer, theirs: Answer): boolean {
    return this.maySetAgain(command) && areAlike(withFieldsByName(ours), withFieldsByName(theirs), isOrdered);
  }

  private maySetAgain(command: Document): boolean {
    const stages = asksView(command) ? [command, this.viewPipeline] : [command];
    return /"\$(project|addFields|set|fill|lookup|unwind|replaceWith|replaceRoot)"/.test(
      JSON.stringify(stages),
    );
  }

  /** Whether hashes of documents are others, and these documents differ in the places of fields only. */
  private async isHashOfPlaces(
    { command, isOrdered, changes }: RandomCommand,
    ours: Answer,
    theirs: Answer,
  ): Promise<boolean> {
    const shown = changes === undefined && this.maySetAgain(command) ? withHashesShown(command) : undefined;
    if (shown === undefined || !areAlikeBut(ours, theirs, isOrdered)) return false;
    const [here, there] = await Promise.all([
      ask(this.ours, { command: shown, isOrdered }),
      ask(this.theirs, { command: shown, isOrdered }),
    ]);
    return hashesHold(here) && hashesHold(there) && areAlikeBut(here, there, isOrdered);
  }

  /** Whether the answers differ in the texts of duplicates only, and the reference shows such keys of indexes for our texts. */
  private async isKeyOfCollation(ours: Answer, theirs: Answer): Promise<boolean> {
    if (!ours.facts.includes('11000')) return false;
    const texts = otherTexts(ours, theirs);
    for (const { name, ours: text, theirs: key } of texts)
      if (!(/^[0-9a-f]+$/.test(key) && (await this.hasKey(name, text, key)))) return false;
    return texts.length > 0;
  }

  /** @param key  bytes in hexadecimal, which an index of the reference has for a text */
  private async hasKey(path: string, text: string, key: string): Promise<boolean> {
    for (const { name: hint, collation } of this.indexes.values()) {
      if (collation === undefined) continue;
      const command = { find: 'c', filter: { [path]: text }, hint, collation, returnKey: true };
      const { rows } = await ask(this.theirs, { command, isOrdered: false });
      if (rows.some((row) => row.includes(key))) return true;
    }
    return false;
  }

  /** Whether the reference answers as we do if a `$group` hands on its MinKeys and MaxKeys as we do. */
  private async isOfBounds({ command, isOrdered, changes }: RandomCommand, ours: Answer): Promise<boolean> {
    const wrapped = changes === undefined ? withBoundsWrapped(command) : undefined;
    return (
      wrapped !== undefined &&
      areAlike(ours, await ask(this.theirs, { command: wrapped, isOrdered }), isOrdered)
    );
  }

  /** Whether the reference answers as we do if it knows of no field that is looked for in a list. */
  private async isListUnderCollation({ command, isOrdered }: RandomCommand, ours: Answer): Promise<boolean> {
    if (!(this.isCollated || 'collation' in command) || !reads(command)) return false;
    const hidden = withFieldsHidden(command);
    if (hidden === undefined) return false;
    return areAlike(ours, await ask(this.theirs, { command: hidden, isOrdered }), isOrdered);
  }

  /** Whether both end in the same error, one of them behind rows, because one sorts where the other does not. */
  private async isEarlierError(
    { command, isOrdered }: RandomCommand,
    ours: Answer,
    theirs: Answer,
  ): Promise<boolean> {
    if (!ours.isError || !theirs.isError || errorOf(ours) !== errorOf(theirs)) return false;
    if (!(this.isCollatedCluster || ('find' in command && mayShowBeforeSorting(command)))) return false;
    const whole = withoutBatches(command);
    const [here, there] = await Promise.all([
      ask(this.ours, { command: whole, isOrdered }),
      ask(this.theirs, { command: whole, isOrdered }),
    ]);
    return here.isError && areAlike(here, there, isOrdered) && errorOf(here) === errorOf(ours);
  }

  /** Whether both find the same, and the reference orders it by what a projection leaves. */
  private async isShapedOrder(random: RandomCommand): Promise<boolean> {
    const { command } = random;
    if (!('find' in command && shapesOrdered(command) && ('limit' in command || 'skip' in command)))
      return false;
    return this.areBothAlike(without(command, PARTS), false);
  }

  /** Whether both find the same in a view, and put it in the same order where documents are shown whole. */
  private async isOrderOfParts({ command }: RandomCommand): Promise<boolean> {
    if (!(command['find'] === 'v' && 'sort' in command && 'projection' in command)) return false;
    const all = without(command, PARTS);
    return (
      (await this.areBothAlike(all, false)) &&
      (await this.areBothAlike(without(all, new Set(['projection'])), true))
    );
  }

  private async areBothAlike(command: Document, isOrdered: boolean): Promise<boolean> {
    const [ours, theirs] = await Promise.all([
      ask(this.ours, { command, isOrdered }),
      ask(this.theirs, { command, isOrdered }),
    ]);
    return !ours.isError && areAlike(ours, theirs, isOrdered);
  }

  /** Whether the reference answers as we do once it looks at the documents. */
  private async decidedByIndex(
    { command, isOrdered }: RandomCommand,
    ours: Answer,
  ): Promise<string | undefined> {
    const isDistinct = command['distinct'] === 'c' && this.indexes.size > 0;
    const mayMiss = this.hasIndexOf(isWildcard) && asksOfMissing(command);
    const mayMissPosition = this.hasIndexOf(isOfPosition) && asksPosition(command);
    if (!isDistinct && !mayMiss && !mayMissPosition) return undefined;
    const theirs = await ask(this.theirs, { command: { ...command, hint: { $natural: 1 } }, isOrdered });
    if (!areAlike(ours, theirs, isOrdered)) return undefined;
    if (isDistinct) return DISTINCT_BY_INDEX;
    return mayMiss ? MISSING_BY_WILDCARD : POSITION_BY_INDEX;
  }

  /**
   * Whether the reference fails in one of several plans that it tries, and answers as we do without them, or whatever the
   * conditions that may fail would say.
   */
  private async decidedByPlans(
    { command, isOrdered }: RandomCommand,
    ours: Answer,
    theirs: Answer,
  ): Promise<string | undefined> {
    if (!failsInPlan(theirs) || !reads(command)) return undefined;
    const isAnswer = async (asked: Document): Promise<boolean> =>
      areAlike(ours, await ask(this.theirs, { command: asked, isOrdered }), isOrdered);
    if (await isAnswer({ ...command, hint: { $natural: 1 } })) return PLANS_TRIED;
    const settled = withConditionsSettled(command);
    for (const asked of settled) if (!(await isAnswer(asked))) return undefined;
    return settled.length > 0 ? PLANS_TRIED : undefined;
  }

  private hasIndexOf(isSuch: (path: string) => boolean): boolean {
    return [...this.indexes.values()].some(({ key }) => Object.keys(key as Document).some(isSuch));
  }

  /** Whatever plan was chosen: a scan of the whole collection gives the same. */
  private async compareWithScan(random: RandomCommand, ours: Answer): Promise<Difference | undefined> {
    const { command } = random;
    if (!isScannable(command) || ours.isError) return undefined;
    const scan = await ask(this.ours, { ...random, command: { ...command, hint: { $natural: 1 } } });
    if (scan.isError || areAlike(ours, scan, random.isOrdered)) return undefined;
    return this.difference(random, ours, scan, 'our own scan: ');
  }

  private noteIndexes(command: Document, { isError }: Answer): void {
    if (isError) return;
    if (command['create'] === 'c' && 'collation' in command) this.isCollated = true;
    if ('clusteredIndex' in command && 'collation' in command) this.isCollatedCluster = true;
    if ('createIndexes' in command)
      for (const definition of command['indexes'] as Document[])
        this.indexes.set(definition['name'] as string, definition);
    if ('dropIndexes' in command)
      for (const name of [command['index'] as string | string[]].flat()) this.indexes.delete(name);
  }

  private async difference(
    random: RandomCommand,
    ours: Answer,
    theirs: Answer,
    what = '',
  ): Promise<Difference> {
    const { rows: documents } = await ask(this.ours, contents('c'));
    const [left, right] = [rowsOf(ours, random), rowsOf(theirs, random)];
    const at = left.findIndex((row, i) => row !== right[i]);
    const side = ({ facts, message = '' }: Answer, rows: readonly string[]): string =>
      `${facts} ${message} (${rows.length} rows)${at < 0 || rows[at] === undefined ? '' : `, row ${at}: ${showRow(rows[at])}`}`;
    return {
      seed: this.seed,
      documents: documents.map(showRow),
      indexes: [...this.indexes.values()].map((index) => showMessage(messageOf({ command: index }))),
      command: showMessage(messageOf(random)),
      ours: side(ours, left),
      theirs: what + side(theirs, at < 0 && right.length > left.length ? right.slice(left.length) : right),
    };
  }
}

/** Which rows are in a single batch is up to the plan. */
function isScannable(command: Document): boolean {
  return (
    'find' in command &&
    !('singleBatch' in command && !('sort' in command)) &&
    !('hint' in command || 'min' in command || 'max' in command || 'returnKey' in command)
  );
}

/** One collection with random documents and indexes, and a number of commands on it. */
export async function runRound(seed: number, reference: WireClient): Promise<RoundResult> {
  const ours = await ourSide();
  const round = new Round(seed, ours, referenceSide(reference));
  let operations = 0;
  let difference: Difference | undefined | 'over' = undefined;
  try {
    difference = await round.begin();
    while (difference === undefined && operations < OPERATIONS_PER_ROUND) {
      operations++;
      difference = await round.compare(round.next());
    }
  } finally {
    await ours.close();
  }
  return { operations, difference: difference === 'over' ? undefined : difference, decided: round.decided };
}
