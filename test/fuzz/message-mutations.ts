/** Commands that are nearly right: one piece of a valid one changed, at the level of documents; and their frames. */
import {
  Binary,
  BSONRegExp,
  Code,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
  type Document,
} from '../../elmo/bson/package.js';
import { encodeDocument } from '../../elmo/bson/encode.js';
import { crc32c } from '../../server-compat/wire/crc32c.js';
import { compressMessage } from '../../server-compat/wire/op-compressed.js';
import type { SeededRandom } from '../support/seeded-random.js';

const NAMES = [
  '',
  '$',
  '_id',
  'a',
  'c.d',
  '$set',
  '$gt',
  '$expr',
  'pipeline',
  'cursor',
  '\u{1f600}',
  'x.$',
  'c.$[]',
];

const VALUES: readonly ((random: SeededRandom) => unknown)[] = [
  () => null,
  () => undefined,
  () => true,
  (random) => new Int32(random.next() | 0),
  (random) => new Int32(random.int(5) - 2),
  (random) => Long.fromBits(random.next() | 0, random.next() | 0),
  () => new Double(NaN),
  () => new Double(-0),
  () => new Double(Infinity),
  (random) => new Double(random.int(1000) / 7),
  () => Decimal128.fromString('NaN'),
  () => Decimal128.fromString('1E+6000'),
  () => '',
  (random) => random.pick(NAMES),
  () => 'x'.repeat(3000),
  () => [],
  () => ({}),
  () => [[[]]],
  () => new Date(8.64e15),
  () => new ObjectId('0123456789abcdef01234567'),
  () => new BSONRegExp('(a+)+$', 'i'),
  () => new BSONRegExp('[', ''),
  () => new Code('return 1'),
  () => new Code('return 1', { a: 1 }),
  () => new Binary(Buffer.from([1, 2, 3]), 9),
  () => new Timestamp({ t: 0, i: 0 }),
  () => new MinKey(),
  () => new MaxKey(),
  (random) => ({ [random.pick(NAMES)]: random.int(3) }),
  (random) => [random.int(3), { [random.pick(NAMES)]: 1 }],
];

const anyValue = (random: SeededRandom): unknown => random.pick(VALUES)(random);

const isContainer = (value: unknown): value is Document | unknown[] =>
  Array.isArray(value) ||
  (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype);

/** A deep copy of documents and arrays; values inside are shared. */
function copied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copied);
  if (!isContainer(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, copied(inner)]));
}

/** Some document or array inside. */
function somewhere(root: Document, random: SeededRandom): Document | unknown[] {
  let at: Document | unknown[] = root;
  while (random.chance(65)) {
    const inner: (Document | unknown[])[] = Object.values(at).filter(isContainer);
    if (inner.length === 0) break;
    at = random.pick(inner);
  }
  return at;
}

function change(at: Document | unknown[], random: SeededRandom, others: readonly Document[]): void {
  const into = at as Record<string, unknown>;
  const names = Object.keys(at);
  const name = names.length === 0 ? 'a' : random.pick(names);
  switch (random.int(8)) {
    case 0:
    case 1:
    case 2:
      into[name] = anyValue(random);
      return;
    case 3:
      if (Array.isArray(at)) at.splice(random.int(at.length + 1), 1);
      else delete into[name];
      return;
    case 4:
      into[Array.isArray(at) ? String(at.length) : random.pick(NAMES)] = anyValue(random);
      return;
    case 5: {
      const other = somewhere(random.pick(others), random);
      into[name] = copied(random.chance(50) ? other : (Object.values(other)[0] ?? other));
      return;
    }
    case 6:
      into[name] = random.chance(50) ? [into[name]] : { [random.pick(NAMES)]: into[name] };
      return;
    default: {
      let deep: unknown = into[name];
      const levels = random.chance(10) ? 210 : 20;
      for (let i = 0; i < levels; i++) deep = { a: deep };
      into[name] = deep;
    }
  }
}

/** @param corpus  where pieces for it are taken from */
export function mutated(command: Document, corpus: readonly Document[], random: SeededRandom): Document {
  const copy = copied(command) as Document;
  for (let n = random.int(4); n > 0; n--) change(somewhere(copy, random), random, corpus);
  return copy;
}

const KIND_BODY = Buffer.from([0]);

/** The command in a message: in one section or several, with or without a checksum, packed or not. */
export function framed(command: Document, requestId: number, random: SeededRandom): Uint8Array {
  const body = { ...command };
  const sections: Buffer[] = [];
  for (const field of ['documents', 'updates', 'deletes']) {
    const list: unknown = body[field];
    if (!Array.isArray(list) || !list.every(isContainer) || list.some(Array.isArray) || random.chance(50))
      continue;
    delete body[field];
    const content = [Buffer.from(`${field}\0`), ...list.map((one) => encodeDocument(one as Document))];
    const length = Buffer.alloc(4);
    length.writeInt32LE(4 + content.reduce((sum, { length: bytes }) => sum + bytes, 0));
    sections.push(Buffer.concat([Buffer.from([1]), length, ...content]));
  }
  const hasChecksum = random.chance(10);
  const flags = Buffer.alloc(4);
  flags.writeInt32LE((hasChecksum ? 1 : 0) | (random.chance(3) ? 2 : 0) | (random.chance(3) ? 1 << 16 : 0));
  const header = Buffer.alloc(16);
  const parts = [header, flags, KIND_BODY, encodeDocument(body), ...sections];
  const message = Buffer.concat(hasChecksum ? [...parts, Buffer.alloc(4)] : parts);
  message.writeInt32LE(message.length, 0);
  message.writeInt32LE(requestId, 4);
  message.writeInt32LE(2013, 12);
  if (hasChecksum) message.writeUInt32LE(crc32c(message, 0, message.length - 4), message.length - 4);
  if (!random.chance(5)) return message;
  return compressMessage(message, random.chance(50) ? 'zlib' : 'snappy');
}
