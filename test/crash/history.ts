/**
 * What a store was told, in the order of its commits, and what it must therefore hold after a disaster: the state after
 * some prefix of the commits, at least as new as the last that it had acknowledged as safe from that disaster.
 *
 * A commit that failed may be seen in the living store, and then counts as made; one that is not seen may still come back
 * with the reopening (its record may have reached the disk), but only at its place, and whole.
 */
import { compareBytes, type Bytes } from '../../lsm/base/bytes.js';
import { crc32 } from '../../lsm/base/checksum.js';
import type { Op } from '../support/programs.js';
import { keyOf, valueOf, type KeyName, type ValueName } from '../support/values.js';

/** What a set of entries comes to, whatever their order. */
export type Digest = string;

interface Commit {
  readonly ops: readonly Op[];
  /** `tried`: not heard of, or failed with the power; `void`: refused for good; `ghost`: failed, and not seen since. */
  status: 'tried' | 'acked' | 'void' | 'ghost';
}

type State = Map<KeyName, ValueName>;

export class History {
  readonly commits: Commit[] = [];
  /** How many commits, from the first, survive a power cut. */
  durableCount = 0;

  /** @returns the number of the commit, to tell its outcome */
  begin(ops: readonly Op[]): number {
    this.commits.push({ ops, status: 'tried' });
    return this.commits.length - 1;
  }

  acknowledge(commit: number, isDurable: boolean): void {
    this.commits[commit]!.status = 'acked';
    if (isDurable) this.durableCount = Math.max(this.durableCount, commit + 1);
  }

  refuse(commit: number): void {
    this.commits[commit]!.status = 'void';
  }

  /** A commit failed and is not seen in the living store. */
  makeGhost(commit: number): void {
    this.commits[commit]!.status = 'ghost';
  }

  /** Something made all that was acknowledged until now durable: a flush, a close. */
  allDurable(): void {
    this.durableCount = Math.max(this.durableCount, this.ackedCount);
  }

  /** How many commits, from the first, survive a crash of the process. */
  get ackedCount(): number {
    return this.commits.findLastIndex(({ status }) => status === 'acked') + 1;
  }

  /** The state when every commit that was not refused and is no ghost is there. */
  latest(): Digest {
    const state: State = new Map();
    for (const { ops, status } of this.commits) {
      if (status === 'tried' || status === 'acked') applyAll(state, ops);
    }
    return digestOf(state);
  }

  /**
   * @param floor  commits that must be there, from the first
   * @returns whether a store that holds `seen` holds a state it may
   */
  permits(seen: Digest, floor: number): boolean {
    const state: State = new Map();
    if (floor === 0 && digestOf(state) === seen) return true;
    for (let i = 0; i < this.commits.length; i++) {
      const { ops, status } = this.commits[i]!;
      if (status === 'tried' || status === 'acked') {
        applyAll(state, ops);
        if (i + 1 >= floor && digestOf(state) === seen) return true;
      }
      const isLastBeforeGhosts = status !== 'ghost' && this.commits[i + 1]?.status === 'ghost';
      if (i + 1 >= floor && isLastBeforeGhosts && this.permitsGhosts(seen, state, i + 1)) return true;
    }
    return this.commits[0]?.status === 'ghost' && floor === 0 && this.permitsGhosts(seen, new Map(), 0);
  }

  /** The greatest count of commits, of at least `floor`, after which the state is `seen`; -1: none. Knows no ghosts. */
  prefixOf(seen: Digest, floor: number): number {
    const state: State = new Map();
    let found = floor === 0 && digestOf(state) === seen ? 0 : -1;
    this.commits.forEach(({ ops }, i) => {
      applyAll(state, ops);
      if (i + 1 >= floor && digestOf(state) === seen) found = i + 1;
    });
    return found;
  }

  /** Forgets the commits after the first `count`; those are durable. */
  cutTo(count: number): void {
    this.commits.length = count;
    for (const commit of this.commits) commit.status = 'acked';
    this.durableCount = count;
  }

  /** For people: how a store's entries differ from the oldest and the newest state they may be in. */
  explain(seen: SeenEntries, floor: number): string {
    const oldest: State = new Map();
    for (const { ops, status } of this.commits.slice(0, floor)) {
      if (status !== 'void' && status !== 'ghost') applyAll(oldest, ops);
    }
    const newest: State = new Map();
    for (const { ops, status } of this.commits) {
      if (status !== 'void' && status !== 'ghost') applyAll(newest, ops);
    }
    const lines = [
      `${this.commits.length} commits begun, ${this.ackedCount} acknowledged, ${this.durableCount} durable, ${floor} required`,
      `against the state after commit ${floor}: ${difference(oldest, seen)}`,
      `against the state after every commit: ${difference(newest, seen)}`,
    ];
    return lines.join('\n  ');
  }

  /** Any of the ghosts at one place may have come back, in their order. */
  private permitsGhosts(seen: Digest, before: State, first: number): boolean {
    let end = first;
    while (this.commits[end]?.status === 'ghost') end++;
    const ghosts = this.commits.slice(first, Math.min(end, first + 6));
    for (let chosen = 1; chosen < 1 << ghosts.length; chosen++) {
      const state = new Map(before);
      ghosts.forEach(({ ops }, i) => {
        if ((chosen >> i) & 1) applyAll(state, ops);
      });
      if (digestOf(state) === seen) return true;
    }
    return false;
  }
}

/** The entries of a store, as a scan gave them. */
export class SeenEntries {
  readonly #values = new Map<string, number>();
  readonly #sum = new DigestSum();

  add(key: Bytes, value: Bytes): void {
    const valueHash = hashOf(value);
    this.#values.set(shortName(key), valueHash);
    this.#sum.add(hashOf(key), valueHash);
  }

  get digest(): Digest {
    return this.#sum.text();
  }

  valueHash(shortKey: string): number | undefined {
    return this.#values.get(shortKey);
  }

  shortKeys(): Iterable<string> {
    return this.#values.keys();
  }
}

class DigestSum {
  #count = 0;
  #a = 0;
  #b = 0;

  add(keyHash: number, valueHash: number): void {
    let x = Math.imul(keyHash ^ 0x85ebca6b, 0xc2b2ae35) ^ Math.imul(valueHash, 0x27d4eb2f);
    x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d);
    x ^= x >>> 13;
    this.#count++;
    this.#a = (this.#a + x) >>> 0;
    this.#b = (this.#b ^ Math.imul(x, 0x165667b1)) >>> 0;
  }

  text(): Digest {
    return `${this.#count}/${this.#a}/${this.#b}`;
  }
}

const keyHashes = new Map<KeyName, number>();
const valueHashes = new Map<ValueName, number>();

function digestOf(state: State): Digest {
  const sum = new DigestSum();
  for (const [key, value] of state) {
    let keyHash = keyHashes.get(key);
    if (keyHash === undefined) keyHashes.set(key, (keyHash = hashOf(keyOf(key))));
    sum.add(keyHash, hashOfValue(value));
  }
  return sum.text();
}

function hashOfValue(name: ValueName): number {
  let hash = valueHashes.get(name);
  if (hash === undefined) valueHashes.set(name, (hash = hashOf(valueOf(name))));
  return hash;
}

function hashOf(bytes: Bytes): number {
  return crc32(bytes, 0, bytes.length, bytes.length);
}

function applyAll(state: State, ops: readonly Op[]): void {
  for (const op of ops) {
    if (op[0] === 'put') state.set(op[1], op[2]);
    else if (op[0] === 'delete') state.delete(op[1]);
    else {
      const low = op[1] === null ? undefined : keyOf(op[1]);
      const high = op[2] === null ? undefined : keyOf(op[2]);
      for (const name of state.keys()) {
        const key = keyOf(name);
        const isBelow = low !== undefined && compareBytes(key, low) < 0;
        if (!isBelow && (high === undefined || compareBytes(key, high) < 0)) state.delete(name);
      }
    }
  }
}

function shortName(key: Bytes): string {
  return `${Buffer.from(key.subarray(0, 64)).toString('latin1')}/${key.length}/${hashOf(key)}`;
}

function difference(expected: State, seen: SeenEntries): string {
  const found: string[] = [];
  const known = new Set<string>();
  for (const [key, value] of expected) {
    const short = shortName(keyOf(key));
    known.add(short);
    const hash = seen.valueHash(short);
    if (hash === undefined) found.push(`${key} is missing`);
    else if (hash !== hashOfValue(value)) found.push(`${key} has another value than ${value}`);
  }
  for (const short of seen.shortKeys()) {
    if (!known.has(short)) found.push(`${JSON.stringify(short.slice(0, 40))} should not be there`);
  }
  const more = found.length > 8 ? `, and ${found.length - 8} more` : '';
  return found.length === 0 ? 'none' : found.slice(0, 8).join(', ') + more;
}
