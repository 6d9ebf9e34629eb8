/** Whether both ends hold the same: documents side by side, their count and a hash over all of them. */
import { createHash } from 'node:crypto';
import { compareDocuments, Decoder, EJSON, encodeDocument, type Document } from '../../elmo/index.js';
import type { MigrationEnd } from './end.js';
import { orderOf, type Move } from './migration.js';

export interface Verified {
  readonly name: string;
  readonly documents: number;
  /** SHA-256 of all documents, hexadecimal; of the source. */
  readonly hash: string;
  /** What is not the same; undefined: nothing. */
  readonly difference: string | undefined;
}

const precise = new Decoder({ promoteValues: false, bsonRegExp: true });

/** @param onDocument  told of every document of the source */
export function verify(
  move: Move,
  from: MigrationEnd,
  to: MigrationEnd,
  onDocument: () => void,
): Promise<Verified> {
  return move.from.type === 'timeseries'
    ? verifyUnordered(move, from, to, onDocument)
    : verifyOrdered(move, from, to, onDocument);
}

async function verifyOrdered(
  { from, to, name }: Move,
  source: MigrationEnd,
  target: MigrationEnd,
  onDocument: () => void,
): Promise<Verified> {
  const order = orderOf(from);
  const left = source.read(from, order)[Symbol.asyncIterator]();
  const right = target.read(to, order)[Symbol.asyncIterator]();
  const [leftHash, rightHash] = [createHash('sha256'), createHash('sha256')];
  const differences = new Differences();
  let documents = 0;
  const nextLeft = async (): Promise<Uint8Array | undefined> => {
    const { done, value } = await left.next();
    if (done === true) return undefined;
    leftHash.update(value);
    documents++;
    onDocument();
    return value;
  };
  const nextRight = async (): Promise<Uint8Array | undefined> => {
    const { done, value } = await right.next();
    if (done === true) return undefined;
    rightHash.update(value);
    return value;
  };
  let [a, b] = await Promise.all([nextLeft(), nextRight()]);
  while (a !== undefined || b !== undefined) {
    const way = a === undefined ? 1 : b === undefined ? -1 : compareIds(a, b);
    if (way < 0) {
      differences.add('missing', a!);
      a = await nextLeft();
    } else if (way > 0) {
      differences.add('too many', b!);
      b = await nextRight();
    } else {
      if (Buffer.compare(a!, b!) !== 0) differences.add('another one', a!);
      [a, b] = await Promise.all([nextLeft(), nextRight()]);
    }
  }
  const [hash, other] = [leftHash.digest('hex'), rightHash.digest('hex')];
  const difference = hash === other ? undefined : (differences.text ?? 'the order of documents');
  return { name, documents, hash, difference };
}

/** Measurements have no order, and their fields have not either. */
async function verifyUnordered(
  { from, to, name }: Move,
  source: MigrationEnd,
  target: MigrationEnd,
  onDocument: () => void,
): Promise<Verified> {
  const sumOf = async (
    documents: AsyncIterable<Uint8Array>,
    onEach: () => void,
  ): Promise<[number, string]> => {
    let [count, sum] = [0, 0n];
    for await (const document of documents) {
      const fields = Object.entries(precise.decode(document)).sort(([a], [b]) => (a < b ? -1 : 1));
      const hash = createHash('sha256')
        .update(encodeDocument(Object.fromEntries(fields)))
        .digest('hex');
      sum = BigInt.asUintN(256, sum + BigInt(`0x${hash}`));
      count++;
      onEach();
    }
    return [count, sum.toString(16).padStart(64, '0')];
  };
  const [documents, hash] = await sumOf(source.read(from, 'natural'), onDocument);
  const [count, other] = await sumOf(target.read(to, 'natural'), () => undefined);
  const isSame = hash === other && documents === count;
  return {
    name,
    documents,
    hash,
    difference: isSame ? undefined : `${documents} measurements there, ${count} here, or others`,
  };
}

type Kind = 'missing' | 'too many' | 'another one';

/** How many of each kind, and the first of them. */
class Differences {
  private readonly counts = new Map<Kind, number>();
  private readonly firsts = new Map<Kind, string>();

  add(kind: Kind, document: Uint8Array): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    if (!this.firsts.has(kind)) this.firsts.set(kind, EJSON.stringify(idOf(document)['_id']));
  }

  get text(): string | undefined {
    if (this.counts.size === 0) return undefined;
    return [...this.counts]
      .map(([kind, count]) => `${count} ${kind}, the first _id ${this.firsts.get(kind)}`)
      .join('; ');
  }
}

function compareIds(a: Uint8Array, b: Uint8Array): number {
  if (Buffer.compare(a, b) === 0) return 0;
  return compareDocuments(encodeDocument(idOf(a)), 0, encodeDocument(idOf(b)), 0);
}

function idOf(document: Uint8Array): Document {
  return { _id: precise.decode(document)['_id'] as unknown };
}
