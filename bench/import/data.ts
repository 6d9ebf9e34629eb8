/** What goes in: documents of nine fields, about 207 bytes of BSON each, as lines of JSON and as a dump. Seeded. */
import { once } from 'node:events';
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { EJSON, encodeDocument, Int32, type Document } from '../../elmo/index.js';
import { mix } from '../data.js';

export const DATABASE = 'bench';
export const COLLECTION = 'people';
const PIECE_BYTES = 256 * 1024;
const FIRST_AT = Date.UTC(2024, 0, 1);

function person(i: number, seed: number): Document {
  const h = mix(i, seed);
  return {
    _id: new Int32(i),
    name: `Person Number ${h % 100_000}`,
    email: `person.${h % 100_000}@example.org`,
    age: new Int32(18 + (h % 60)),
    balance: (h % 1_000_000) / 100 + 0.005,
    joinedAt: new Date(FIRST_AT + i * 1000),
    city: `City of ${mix(h, 1) % 1000}`,
    tags: [`tag-${mix(h, 2) % 100}`, `tag-${mix(h, 3) % 100}`],
    active: h % 3 === 0,
  };
}

export interface Made {
  /** Lines of JSON. */
  readonly lines: string;
  /** A folder as mongodump makes it. */
  readonly dump: string;
  readonly bsonBytes: number;
}

/** Writes both, however large, a piece at a time. */
export async function makeData(folder: string, count: number, seed: number): Promise<Made> {
  const lines = join(folder, 'people.ndjson');
  const dump = join(folder, 'dump');
  mkdirSync(join(dump, DATABASE), { recursive: true });
  const metadata = { options: {}, indexes: [{ v: 2, key: { _id: 1 }, name: '_id_' }], type: 'collection' };
  writeFileSync(join(dump, DATABASE, `${COLLECTION}.metadata.json`), JSON.stringify(metadata));
  const text = createWriteStream(lines);
  const bson = createWriteStream(join(dump, DATABASE, `${COLLECTION}.bson`));
  let bsonBytes = 0;
  let [pieceText, parts, partBytes]: [string, Uint8Array[], number] = ['', [], 0];
  for (let i = 0; i < count; i++) {
    const document = person(i, seed);
    const raw = encodeDocument(document);
    parts.push(raw);
    partBytes += raw.length;
    pieceText += `${EJSON.stringify(document)}\n`;
    if (partBytes < PIECE_BYTES && i < count - 1) continue;
    bsonBytes += partBytes;
    if (!bson.write(Buffer.concat(parts))) await once(bson, 'drain');
    if (!text.write(pieceText)) await once(text, 'drain');
    [pieceText, parts, partBytes] = ['', [], 0];
  }
  bson.end();
  text.end();
  await Promise.all([finished(bson), finished(text)]);
  return { lines, dump, bsonBytes };
}
