/**
 * Every data set beside the project goes in and comes out identical, types included: Extended JSON is decoded, stored,
 * read back and compared as bytes; dumps are stored as the bytes they are. Of large files the first documents count;
 * `ROUND_TRIP=whole` in the environment takes all.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { encodeDocument } from '../../../elmo/bson/encode.js';
import { EJSON, type Document } from '../../../elmo/bson/package.js';
import { documentLength } from '../../../elmo/bson/walk.js';
import { openEngine } from '../../../elmo/index.js';
import { projectFolder } from '../../support/source-tree.js';

const FOLDER = join(projectFolder(), '..', 'shared', 'data');
const MOST = process.env['ROUND_TRIP'] === 'whole' ? Infinity : 100;
const BATCH_BYTES = 4 << 20;

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)],
  );
}

function documentsOf(path: string): Uint8Array[] {
  const raw = readFileSync(path);
  const bytes = path.endsWith('.gz') ? gunzipSync(raw) : raw;
  if (/\.bson(\.gz)?$/.test(path)) {
    const documents: Uint8Array[] = [];
    for (let at = 0; at < bytes.length && documents.length < MOST; at += documentLength(bytes, at))
      documents.push(bytes.subarray(at, at + documentLength(bytes, at)));
    return documents;
  }
  const lines = bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line.startsWith('{'));
  return lines
    .slice(0, MOST)
    .map((line) => encodeDocument(withIdFirst(EJSON.parse(line, { relaxed: false }) as Document)));
}

/** Documents are stored with their `_id` in front. */
function withIdFirst(document: Document): Document {
  return '_id' in document ? { _id: document['_id'] as unknown, ...document } : document;
}

/** Length; type, name and value of the ObjectId that a document without `_id` got. */
const LENGTH_BYTES = 4;
const NEW_ID_BYTES = 1 + 4 + 12;

function isSame(given: Uint8Array, found: Uint8Array): boolean {
  if (given.length === found.length) return Buffer.compare(given, found) === 0;
  return (
    found.length === given.length + NEW_ID_BYTES &&
    Buffer.compare(given.subarray(LENGTH_BYTES), found.subarray(LENGTH_BYTES + NEW_ID_BYTES)) === 0
  );
}

describe('data sets beside the project', () => {
  const files = existsSync(FOLDER)
    ? filesBelow(FOLDER).filter((path) => /\.(ndjson|bson)(\.gz)?$/.test(path) && !path.includes('bsondump')) // wrong on purpose
    : [];

  before(function () {
    if (files.length === 0) this.skip(); // they are not there
  });

  it('come out as they went in', async () => {
    const engine = await openEngine(':memory:', { worker: false });
    try {
      for (const [i, path] of files.entries()) {
        const documents = documentsOf(path);
        if (documents.length === 0) continue;
        const namespace = { db: 'data', collection: `c${i}` };
        const { failures } = await engine.insert({
          namespace,
          documents,
          isOrdered: true,
          keepsEmptyTimestamps: true,
        });
        expect(failures, path).to.deep.equal([]);
        const cursor = await engine.find({ namespace });
        let next = 0;
        for (;;) {
          const { documents: found, isLast } = await cursor.nextBatch(1000, BATCH_BYTES);
          for (const document of found)
            if (!isSame(documents[next++]!, document))
              expect.fail(`${path}: document ${next} came out otherwise`);
          if (isLast) break;
        }
        expect(next, path).to.equal(documents.length);
      }
    } finally {
      await engine.close();
    }
  }).timeout(600_000);
});
