/** What there is: listCommands, dbHash, filemd5. */
import { createHash, type Hash } from 'node:crypto';
import { BINARY } from '../../bson/types.js';
import { readInt32 } from '../../bson/read.js';
import { valueOf } from '../../bson/value.js';
import { rawDocument } from '../../catalog/raw-document.js';
import type { Engine } from '../../engine/engine.js';
import { ElmoError } from '../../errors.js';
import type { ElmoCursor } from '../../exec/cursor.js';
import type { Namespace } from '../../operation/requests.js';
import { Arguments } from '../arguments.js';
import type { Command } from '../command.js';
import { anything, arrayOf, flag, text } from '../fields.js';
import { API_VERSION } from '../stable-api.js';
import { documentValue } from '../../bson/value.js';

const listCommands: Command = {
  name: 'listCommands',
  help: 'all commands',
  target: 'any',
  fields: {},
  ignoresUnknown: true,
  run(_args, { commands }, reply) {
    const sorted = [...commands.commands].sort((a, b) => (a.name < b.name ? -1 : 1));
    reply.object('commands', (into) => {
      for (const command of sorted)
        into.object(command.name, (of) =>
          of
            .text('help', command.help)
            .bool('requiresAuth', command.isOpen !== true)
            .bool('secondaryOk', command.isWrite !== true)
            .bool('adminOnly', command.isAdminOnly === true)
            .texts('apiVersions', command.isStable === true ? [API_VERSION] : [])
            .texts('deprecatedApiVersions', []),
        );
    });
  },
};

const BATCH_DOCUMENTS = 1000;
const BATCH_BYTES = 1 << 20;

async function forEachDocument(cursor: ElmoCursor, take: (document: Uint8Array) => void): Promise<void> {
  for (let isLast = false; !isLast;) {
    const batch = await cursor.nextBatch(BATCH_DOCUMENTS, BATCH_BYTES);
    batch.documents.forEach(take);
    isLast = batch.isLast;
  }
}

async function hashOf(engine: Engine, namespace: Namespace): Promise<string> {
  const hash = createHash('md5');
  const cursor = await engine.find({ namespace, sort: valueOf({ _id: 1 }).document });
  await forEachDocument(cursor, (document) => hash.update(document));
  return hash.digest('hex');
}

const dbHash: Command = {
  name: 'dbHash',
  aliases: ['dbhash'],
  help: 'a hash of each collection of a database, and of all',
  target: 'any',
  fields: { collections: arrayOf(text), $_internalReadAtClusterTime: anything, skipTempCollections: flag },
  takesReadConcern: true,
  async run(args, { engine, db }, reply) {
    const startedMs = engine.clock.nowMs();
    const wanted = args.elements('collections').map((name) => name.text);
    const specs = engine.catalog
      .collectionNames(db)
      .flatMap((collection) => engine.catalog.get({ db, collection })?.spec ?? [])
      .filter(
        ({ kind, namespace }) =>
          kind !== 'view' && (wanted.length === 0 || wanted.includes(namespace.collection)),
      );
    const hashes = new Map<string, string>();
    for (const { namespace } of specs) hashes.set(namespace.collection, await hashOf(engine, namespace));
    const all = createHash('md5');
    for (const hash of hashes.values()) all.update(hash);
    reply.text('host', engine.host);
    reply.object('collections', (into) => {
      for (const [name, hash] of hashes) into.text(name, hash);
    });
    reply.texts(
      'capped',
      specs.flatMap(({ isCapped, namespace }) => (isCapped ? [namespace.collection] : [])),
    );
    reply.object('uuids', (into) => {
      for (const { namespace, uuid } of specs) into.binary(namespace.collection, uuid, UUID);
    });
    reply.text('md5', all.digest('hex'));
    reply.int64('timeMillis', Math.round(engine.clock.nowMs() - startedMs));
  },
};

const UUID = 4;

/** Adds the bytes of one piece of a stored file. @returns its number */
function addChunk(hash: Hash, document: Uint8Array): number {
  const chunk = Arguments.of(documentValue(document));
  const data = chunk.value('data');
  if (data?.type !== BINARY)
    throw new ElmoError(50847, 'The element that calls binDataClean() must be type of BinData');
  const length = readInt32(data.bytes, data.at);
  hash.update(data.bytes.subarray(data.at + 5, data.at + 5 + length));
  return chunk.number('n') ?? 0;
}

const filemd5: Command = {
  name: 'filemd5',
  help: 'the MD5 of a file that is stored in pieces',
  target: 'any',
  fields: { filemd5: anything, root: text, partialOk: flag, md5state: anything },
  takesReadConcern: true,
  async run(args, { engine, db }, reply) {
    const namespace = { db, collection: `${args.text('root') ?? 'fs'}.chunks` };
    const cursor = await engine.find({
      namespace,
      filter: rawDocument([['files_id', args.value('filemd5')!]]),
      sort: valueOf({ files_id: 1, n: 1 }).document,
    });
    const hash = createHash('md5');
    let chunks = 0;
    await forEachDocument(cursor, (document) => {
      const n = addChunk(hash, document);
      if (n !== chunks) throw new ElmoError(50752, `should have chunk: ${chunks} have:${n}`);
      chunks++;
    });
    reply.int32('numChunks', chunks).text('md5', hash.digest('hex'));
  },
};

export const contentCommands: readonly Command[] = [listCommands, dbHash, filemd5];
