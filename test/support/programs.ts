/**
 * Programs of plain steps: what a test does to a store, as data. They can be generated from a seed, run on any
 * `OrderedKv`, cut down to the shortest that still fails, and kept in a file.
 *
 * Snapshots live in slots `s0…`, transactions in slots `t0…`. A step whose slot is empty does nothing, so that any part
 * of a program is a program.
 */
import { compareBytes } from '../../lsm/base/bytes.js';
import { keyOf, pickKey, pickValue, type Dice, type KeyName, type ValueName } from './values.js';

/** Where a read looks, or a write goes: the store itself, a snapshot or a transaction. */
export type View = 'store' | `s${number}` | `t${number}`;

export type SeekName = 'EQ' | 'LE' | 'GE';

export type Op =
  | readonly ['put', KeyName, ValueName]
  | readonly ['delete', KeyName]
  | readonly ['deleteRange', KeyName | null, KeyName | null];

/** Moves of a cursor: so many entries on, so many back, or to a key. */
export type Move =
  readonly ['next', number] | readonly ['previous', number] | readonly ['seek', KeyName, SeekName];

export type Step =
  | { do: 'write'; at: View; op: Op; sync?: boolean; hold?: boolean }
  | { do: 'batch'; ops: readonly Op[]; sync?: boolean; hold?: boolean }
  | { do: 'load'; puts: readonly (readonly ['put', KeyName, ValueName])[]; isDistinct?: boolean }
  | {
      do: 'stream';
      at: View;
      key: KeyName;
      value: ValueName;
      chunk: number;
      breaks?: boolean;
      sync?: boolean;
    }
  | { do: 'get'; at: View; key: KeyName }
  | { do: 'read'; at: View; key: KeyName; from: number; piece: number }
  | {
      do: 'scan';
      at: View;
      low?: KeyName;
      high?: KeyName;
      backward?: boolean;
      moves: readonly Move[];
    }
  | { do: 'snapshot'; slot: View }
  | { do: 'release'; slot: View }
  | { do: 'begin'; slot: View }
  | { do: 'declare'; slot: View; low: KeyName; high?: KeyName }
  | { do: 'savepoint'; slot: View; mark: number }
  | { do: 'rollbackTo'; slot: View; mark: number }
  | { do: 'settleTransaction'; slot: View }
  | { do: 'commit'; slot: View; sync?: boolean }
  | { do: 'releaseSavepoint'; slot: View; mark: number }
  | { do: 'rollback'; slot: View }
  | { do: 'flush' | 'settle' | 'mergeAll' | 'compact' | 'reopen' | 'crash' | 'join' | 'tick' };

export interface Program {
  /** The row of options-matrix.ts it runs under. */
  readonly row: string;
  readonly steps: readonly Step[];
}

/** How often each kind of step is picked. */
export type Weights = Readonly<Record<string, number>>;

export const MODEL_WEIGHTS: Weights = {
  put: 30,
  heldPut: 6,
  delete: 8,
  deleteRange: 3,
  batch: 10,
  load: 2,
  stream: 3,
  get: 22,
  read: 4,
  scan: 14,
  snapshot: 4,
  release: 3,
  begin: 4,
  inTransaction: 14,
  declare: 2,
  savepoint: 3,
  rollbackTo: 2,
  releaseSavepoint: 1,
  settleTransaction: 1,
  commit: 5,
  rollback: 1,
  flush: 3,
  settle: 2,
  mergeAll: 1,
  compact: 1,
  reopen: 1,
  crash: 1,
};

/** Writes, and what moves them to disk; the reads are the laboratory's own. */
export const CRASH_WEIGHTS: Weights = {
  put: 30,
  syncPut: 6,
  heldPut: 10,
  delete: 8,
  deleteRange: 2,
  batch: 12,
  load: 2,
  stream: 3,
  snapshot: 2,
  release: 2,
  begin: 3,
  inTransaction: 10,
  savepoint: 2,
  rollbackTo: 1,
  settleTransaction: 1,
  commit: 4,
  rollback: 1,
  flush: 4,
  settle: 2,
  mergeAll: 1,
  compact: 1,
  join: 2,
  tick: 2,
};

export interface ProgramShape {
  readonly row: string;
  readonly steps: number;
  readonly weights: Weights;
  /** Distinct keys of each family. */
  readonly universe?: number;
  /** Most bytes of the rare long values. */
  readonly bigBytes?: number;
  /** How many values in a hundred are long. */
  readonly bigPercent?: number;
  /** Transaction slots; with 1 no two transactions are open at a time. */
  readonly transactions?: number;
}

export function randomProgram(dice: Dice, shape: ProgramShape): Program {
  const maker = new StepMaker(dice, shape);
  const steps: Step[] = [];
  // In some programs a few kinds of step are much more frequent: they reach states that an even mix does not.
  const weights: Record<string, number> = { ...shape.weights };
  const kinds = Object.keys(weights);
  for (let n = dice.int(4); n > 0; n--) weights[kinds[dice.int(kinds.length)]!]! *= 4;
  const total = kinds.reduce((sum, kind) => sum + weights[kind]!, 0);
  while (steps.length < shape.steps) {
    let roll = dice.int(total);
    const kind = kinds.find((each) => (roll -= weights[each]!) < 0)!;
    steps.push(maker.make(kind));
  }
  return { row: shape.row, steps };
}

/** The deletion of what lies between two keys, whichever is the lower; null: no bound. */
export function deleteRangeOf(a: KeyName | null, b: KeyName | null): Op {
  const isReversed = a !== null && b !== null && compareBytes(keyOf(a), keyOf(b)) > 0;
  return isReversed ? ['deleteRange', b, a] : ['deleteRange', a, b];
}

class StepMaker {
  constructor(
    readonly dice: Dice,
    readonly shape: ProgramShape,
  ) {}

  make(kind: string): Step {
    const { dice } = this;
    switch (kind) {
      case 'put':
        return { do: 'write', at: 'store', op: this.put(), ...this.sync(6) };
      case 'syncPut':
        return { do: 'write', at: 'store', op: this.put(), sync: true };
      case 'heldPut':
        return { do: 'write', at: 'store', op: this.op(), hold: true, ...this.sync(4) };
      case 'delete':
        return { do: 'write', at: 'store', op: ['delete', this.key()], ...this.sync(8) };
      case 'deleteRange':
        return { do: 'write', at: 'store', op: this.deleteRange() };
      case 'batch':
        return { do: 'batch', ops: this.ops(1 + dice.int(12)), ...this.sync(5) };
      case 'load':
        return {
          do: 'load',
          puts: Array.from({ length: 1 + dice.int(dice.int(4) === 0 ? 200 : 12) }, () => this.shortPut()),
          ...(dice.int(3) === 0 ? { isDistinct: true } : {}),
        };
      case 'stream':
        return {
          do: 'stream',
          at: dice.int(3) === 0 ? this.transaction() : 'store',
          key: this.key(),
          value: this.value(),
          chunk: 1 + dice.int(900),
          ...(dice.int(8) === 0 ? { breaks: true } : {}),
          ...this.sync(5),
        };
      case 'get':
        return { do: 'get', at: this.view(), key: this.key() };
      case 'read':
        return {
          do: 'read',
          at: this.view(),
          key: this.key(),
          from: dice.int(300),
          piece: 1 + dice.int(400),
        };
      case 'scan':
        return this.scan();
      case 'snapshot':
        return { do: 'snapshot', slot: this.snapshot() };
      case 'release':
        return { do: 'release', slot: this.snapshot() };
      case 'begin':
        return { do: 'begin', slot: this.transaction() };
      case 'inTransaction':
        return { do: 'write', at: this.transaction(), op: this.op() };
      case 'declare':
        return {
          do: 'declare',
          slot: this.transaction(),
          low: this.key(),
          ...(dice.int(2) === 0 ? { high: this.key() } : {}),
        };
      case 'savepoint':
      case 'rollbackTo':
      case 'releaseSavepoint':
        return { do: kind, slot: this.transaction(), mark: dice.int(3) };
      case 'commit':
        return { do: 'commit', slot: this.transaction(), ...this.sync(3) };
      case 'settleTransaction':
      case 'rollback':
        return { do: kind, slot: this.transaction() };
      case 'flush':
      case 'settle':
      case 'mergeAll':
      case 'compact':
      case 'reopen':
      case 'crash':
      case 'join':
      case 'tick':
        return { do: kind };
      default:
        throw new Error(`no such kind of step: ${kind}`);
    }
  }

  private key(): KeyName {
    return pickKey(this.dice, this.shape.universe);
  }

  private value(): ValueName {
    return pickValue(this.dice, this.shape.bigBytes, this.shape.bigPercent);
  }

  /** Of a value that is a blob under no options. */
  private shortPut(): readonly ['put', KeyName, ValueName] {
    return ['put', this.key(), `c:${this.dice.int(1000)}:${1 + this.dice.int(60)}`];
  }

  private put(): Op {
    return ['put', this.key(), this.value()];
  }

  private deleteRange(): Op {
    const open = this.dice.int(10);
    // Mostly short ranges: the neighbourhood of a key, inside one family.
    if (open > 2) {
      const key = this.key();
      const [family, n] = key.split(':');
      return deleteRangeOf(key, `${family!}:${Number(n) + 1 + this.dice.int(4)}`);
    }
    return deleteRangeOf(open === 0 ? null : this.key(), open === 1 ? null : this.key());
  }

  private op(): Op {
    const roll = this.dice.int(10);
    if (roll < 7) return this.put();
    return roll < 9 ? ['delete', this.key()] : this.deleteRange();
  }

  private ops(count: number): Op[] {
    return Array.from({ length: count }, () => this.op());
  }

  private sync(oneIn: number): { sync?: boolean } {
    return this.dice.int(oneIn) === 0 ? { sync: true } : {};
  }

  private snapshot(): View {
    return `s${this.dice.int(3)}`;
  }

  private transaction(): View {
    return `t${this.dice.int(this.shape.transactions ?? 3)}`;
  }

  private view(): View {
    const roll = this.dice.int(10);
    if (roll < 5) return 'store';
    return roll < 8 ? this.snapshot() : this.transaction();
  }

  private scan(): Step {
    const { dice } = this;
    const moves: Move[] = [];
    for (let n = 1 + dice.int(5); n > 0; n--) {
      const roll = dice.int(10);
      if (roll < 4) moves.push(['next', 1 + dice.int(12)]);
      else if (roll < 6) moves.push(['previous', 1 + dice.int(6)]);
      else moves.push(['seek', this.key(), (['EQ', 'LE', 'GE'] as const)[dice.int(3)]!]);
    }
    if (dice.int(3) === 0) moves.push(['next', 1000]);
    return {
      do: 'scan',
      at: this.view(),
      ...(dice.int(2) === 0 ? { low: this.key() } : {}),
      ...(dice.int(2) === 0 ? { high: this.key() } : {}),
      ...(dice.int(2) === 0 ? { backward: true } : {}),
      moves,
    };
  }
}

/**
 * Drops steps for as long as the program still fails.
 * @param fails  runs a list of steps; true when the failure shows
 * @param budgetMs  time after which the shortest found so far must do
 */
export async function shrink(
  steps: readonly Step[],
  fails: (steps: readonly Step[]) => Promise<boolean>,
  budgetMs: number,
): Promise<readonly Step[]> {
  const end = performance.now() + budgetMs;
  let best = steps;
  for (let size = Math.ceil(best.length / 2); size >= 1;) {
    let dropped = false;
    for (let at = best.length - size; at > -size; at -= size) {
      if (performance.now() > end) return best;
      const from = Math.max(0, at);
      const fewer = [...best.slice(0, from), ...best.slice(at + size)];
      if (fewer.length < best.length && (await fails(fewer))) {
        best = fewer;
        dropped = true;
      }
    }
    if (!dropped || size > 1) size = size === 1 ? 0 : Math.ceil(size / 2);
  }
  return shrinkBatches(best, fails, end);
}

/** Drops operations out of batches and moves out of scans. */
async function shrinkBatches(
  steps: readonly Step[],
  fails: (steps: readonly Step[]) => Promise<boolean>,
  end: number,
): Promise<readonly Step[]> {
  let best = steps;
  for (let i = 0; i < best.length; i++) {
    for (let n = 0; performance.now() < end;) {
      const fewer = withoutPart(best[i]!, n);
      if (fewer === undefined) break;
      const changed = [...best.slice(0, i), fewer, ...best.slice(i + 1)];
      if (await fails(changed)) best = changed;
      else n++;
    }
  }
  return best;
}

function withoutPart(step: Step, n: number): Step | undefined {
  if (step.do === 'batch' && n < step.ops.length) return { ...step, ops: step.ops.filter((_, i) => i !== n) };
  if (step.do === 'load' && n < step.puts.length)
    return { ...step, puts: step.puts.filter((_, i) => i !== n) };
  if (step.do === 'scan' && n < step.moves.length && step.moves.length > 1) {
    return { ...step, moves: step.moves.filter((_, i) => i !== n) };
  }
  return undefined;
}

/** The program as a source file for test/regressions. */
export function asRegression(program: Program, why: string): string {
  const steps = program.steps.map((step) => `    ${JSON.stringify(step)},`).join('\n');
  return [
    `/** ${why.replaceAll('*/', '* /').split('\n')[0]!} */`,
    "import type { Program } from '../support/programs.js';",
    '',
    'export const program: Program = {',
    `  row: '${program.row}',`,
    '  steps: [',
    steps,
    '  ],',
    '};',
    '',
  ].join('\n');
}
