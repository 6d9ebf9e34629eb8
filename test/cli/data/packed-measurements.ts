/** Measurements whose packed buckets `packed-buckets.json` holds, as a server that packs columns keeps them. */
import { Binary, Decimal128, Double, Int32, Long, ObjectId, Timestamp, type Document } from 'bson';

export const OPTIONS = { timeField: 'at', metaField: 'host' } as const;

function idOf(i: number): ObjectId {
  return new ObjectId(
    (0x65920080 + i).toString(16).padStart(8, '0') + '0102030405' + (1000 + i).toString(16).padStart(6, '0'),
  );
}

/** Each kind: measurement `i` without its time. */
const KINDS: Readonly<Record<string, (i: number) => Document>> = {
  numbers: (i) => ({
    _id: idOf(i),
    int: new Int32((i * i) % 50),
    even: new Int32(7),
    long: Long.fromBigInt(BigInt(i % 4) << BigInt((i * 7) % 50)),
    tenths: new Double(i / 10),
    odd: new Double(Math.sqrt(i)),
    mixed: new Double(i < 20 ? i : i / 100),
    flag: i % 3 === 0,
    when: new Date(1_700_000_000_000 + i * 1000 + (i % 5)),
    stamp: new Timestamp({ t: 1_700_000_000 + i, i: (i % 3) + 1 }),
  }),
  texts: (i) => ({
    _id: idOf(i),
    state: i % 4 === 0 ? 'off' : 'on',
    first: `${'abce'[i % 4]!}${'q'.repeat(13)}`,
    long: `more than sixteen bytes ${Math.floor(i / 10)}`,
    bytes: new Binary(Buffer.from([i, 255 - i, 3])),
    price: Decimal128.fromString(i % 5 === 0 ? '1E+10' : `${i}.25`),
    nothing: null,
  }),
  documents: (i) => ({
    _id: idOf(i),
    ...(i % 3 === 0 ? {} : { some: new Int32(i) }),
    place: { x: new Int32(i), y: { z: i % 2 === 0 ? 'p' : 'q', n: new Double(i / 4) } },
    list: [new Int32(i), { q: new Int32(i % 5) }],
    empty: { e: {}, x: new Int32(i % 2) },
  }),
};

/** In the order of their times. @param kind  'numbers', 'texts' or 'documents' */
export function measurementsOf(kind: string, count: number): Document[] {
  const make = KINDS[kind]!;
  const at = (i: number): Date => new Date(Date.UTC(2024, 0, 1) + i * 1000);
  return Array.from({ length: count }, (_, i) => ({ at: at(i), host: 'a', ...make(i) }));
}

export const KIND_NAMES = Object.keys(KINDS);
export const COUNT = 150;
