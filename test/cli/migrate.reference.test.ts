/**
 * From a file to the reference engine and back, where one listens: killed again and again in the middle, then gone on with.
 * Both sides are compared by what the official driver and the package `bson` read, not by what the command says.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { MongoClient } from 'mongodb';
import { connect, Long } from '../../elmo/index.js';
import { REFERENCE_URI, referenceOrSkip } from '../support/reference-engine.js';
import { elmo, usePlace } from './fixture.js';

const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
const MANY = 30_000;
const KILLS = 4;
const BETWEEN_KILLS = 4_000;

/** Of documents in the order given, byte by byte. */
function hashOf(documents: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const document of documents) hash.update(document);
  return hash.digest('hex');
}

function documentsIn(file: string): Uint8Array[] {
  const bytes = readFileSync(file);
  const documents: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += bytes.readInt32LE(at))
    documents.push(bytes.subarray(at, at + bytes.readInt32LE(at)));
  return documents;
}

describe('elmo migrate, beside the reference engine', function () {
  this.timeout(120_000);
  const place = usePlace();
  const there = `elmo_migrate_kills_${process.pid}`;
  const names = [
    ['--nsFrom', 'shop.*', '--nsTo', `${there}.*`],
    ['--nsInclude', `${there}.*`, '--nsFrom', `${there}.*`, '--nsTo', 'shop.*'],
  ] as const;
  let reference: MongoClient;

  before(async function () {
    reference = await referenceOrSkip(this);
  });
  after(async () => {
    if (reference === undefined) return;
    await reference.db(there).dropDatabase();
    await reference.close();
  });

  /** Runs it until so many more documents are noted, and kills it. @returns how many are noted then */
  async function killed(argv: readonly string[], state: string, from: number): Promise<number> {
    const copied = (): number => {
      if (!existsSync(state)) return 0;
      const { collections } = JSON.parse(readFileSync(state, 'utf8')) as {
        collections: Record<string, { documents: number } | undefined>;
      };
      return Object.values(collections).reduce((sum, entry) => sum + (entry?.documents ?? 0), 0);
    };
    const child = spawn(process.execPath, [MAIN, 'migrate', ...argv], { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)));
    while (child.exitCode === null && copied() < from + BETWEEN_KILLS) await sleep(1);
    child.kill('SIGKILL');
    expect(await ended).to.equal('SIGKILL');
    return copied();
  }

  async function killedAndFinished(argv: readonly string[], state: string): Promise<void> {
    let noted = 0;
    for (let i = 0; i < KILLS; i++) {
      noted = await killed(argv, state, noted);
      expect(noted).to.be.lessThan(MANY);
    }
    const { code, out, err } = await elmo('migrate', ...argv);
    expect(err).to.match(/^going on with what .*\n$/);
    expect(out).to.match(/\.many: 30,000 documents, sha256 [0-9a-f]{16}…, the same/);
    expect(code).to.equal(0);
    expect(existsSync(state)).to.equal(false);
  }

  it('file to server and server to file, killed four times on each way: all is there, once', async () => {
    const [file, back] = [place.path('a.elmo'), place.path('b.elmo')];
    const client = await connect(file);
    const many = client.db('shop').collection<{ _id: unknown }>('many');
    await many.createIndex({ group: 1, _id: -1 }, { name: 'by_group' });
    await many.createIndex({ unique: 1 }, { unique: true });
    await many.insertMany(
      Array.from({ length: MANY }, (_, i) => ({
        _id: i % 2 === 0 ? i : `text ${String(i).padStart(6, '0')}`,
        group: i % 10,
        unique: Long.fromNumber(i),
        filling: 'x'.repeat(150),
      })),
    );
    await client.close();

    await killedAndFinished([file, REFERENCE_URI, ...names[0]], `${file}.migrate.json`);
    const copy = reference.db(there).collection('many');
    expect(await copy.countDocuments()).to.equal(MANY);
    expect((await copy.indexes()).map(({ name }) => name)).to.have.members(['_id_', 'by_group', 'unique_1']);

    await killedAndFinished([REFERENCE_URI, back, ...names[1]], `${back}.migrate.json`);
    const dumped = async (from: string): Promise<Uint8Array[]> => {
      const to = place.path(`dump of ${from.at(-6)}`);
      expect((await elmo('dump', from, to)).code).to.equal(0);
      return documentsIn(join(to, 'shop', 'many.bson'));
    };
    const sorted = (documents: Uint8Array[]): Uint8Array[] =>
      documents.sort((a, b) => Buffer.compare(a.subarray(4), b.subarray(4)));
    const given = hashOf(sorted(await dumped(file)));
    const read = (await copy.find({}, { raw: true }).toArray()) as unknown as Uint8Array[];
    expect(read.length).to.equal(MANY);
    expect(hashOf(sorted(read)), 'on the server').to.equal(given);
    expect(hashOf(sorted(await dumped(back))), 'in the other file').to.equal(given);
    expect((await elmo('check', back)).code).to.equal(0);
  });
});
