/** A document database in the crash laboratory's world: commands in, and all that it holds as one text. */
import { decodeDocument } from '../../../elmo/bson/decode.js';
import { encodeDocument } from '../../../elmo/bson/encode.js';
import type { Document } from '../../../elmo/bson/package.js';
import { dropUnfinishedIndexes } from '../../../elmo/index/build.js';
import { verifyCollection } from '../../../elmo/index/verify.js';
import { CommandTable, dispatch, elmoCommands, Engine, ReplyWriter } from '../../../elmo/index.js';
import type { LsmOptions } from '../../../lsm/options.js';
import { STORE_PATH, type LabEnv } from '../../support/lab-env.js';
import type { LabStore, OpenStore } from '../../support/subject.js';

export const DB = 'lab';

const commands = new CommandTable(elmoCommands);

export class LabDatabase {
  private constructor(
    private readonly env: LabEnv,
    readonly store: LabStore,
    readonly engine: Engine,
  ) {}

  /** Opens the store as `openEngine` does, without what runs by itself in the background. */
  static async open(env: LabEnv, openStore: OpenStore, options: LsmOptions): Promise<LabDatabase> {
    const store = await env.drive(openStore(STORE_PATH, { ...options, env }));
    const engine = new Engine(store, env.clock, env.random, { leastLoaded: 2 });
    await env.drive(dropUnfinishedIndexes(store, engine.committer, engine.catalog));
    return new LabDatabase(env, store, engine);
  }

  /** @returns the reply, of an error too */
  async run(command: Document): Promise<Document> {
    const reply = new ReplyWriter();
    await this.env.drive(
      Promise.resolve(
        dispatch(
          { body: encodeDocument({ ...command, $db: command['$db'] ?? DB }), sequences: undefined },
          {
            engine: this.engine,
            client: { connectionId: 0, remote: 'lab', appName: undefined },
            commands,
            signal: undefined,
          },
          reply,
        ),
      ),
    );
    return decodeDocument(reply.toBytes());
  }

  flush(): Promise<void> {
    return this.env.drive(this.store.flush());
  }

  mergeAll(): Promise<void> {
    return this.env.drive(this.store.mergeAll());
  }

  close(): Promise<void> {
    return this.env.drive(this.store.close());
  }

  /** Every collection by name: its documents by `_id`, its indexes. */
  async contents(): Promise<Contents> {
    const listed = (await this.run({ listCollections: 1, nameOnly: true }))['cursor'] as {
      firstBatch: { name: string }[];
    };
    const contents: Contents = new Map();
    for (const { name } of listed.firstBatch.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const found = (await this.run({ find: name, sort: { _id: 1 }, batchSize: 10_000 }))['cursor'] as {
        firstBatch: Document[];
      };
      const indexes = (await this.run({ listIndexes: name }))['cursor'] as { firstBatch: { name: string }[] };
      contents.set(name, {
        documents: new Map(found.firstBatch.map((each) => [String(each['_id']), JSON.stringify(each)])),
        indexes: indexes.firstBatch.map((index) => index.name).join(' '),
      });
    }
    return contents;
  }

  /** @returns what is wrong with the store, or with indexes and counts of collections */
  async flaws(): Promise<string | undefined> {
    const findings = await this.env.drive(this.store.check({ deep: true }));
    if (findings.length > 0) return findings.map(({ code, message }) => `${code}: ${message}`).join('; ');
    for (const [name, { documents }] of await this.contents()) {
      const collection = this.engine.collections.get({ db: DB, collection: name });
      if (collection === undefined) return `${name} is listed and cannot be opened`;
      const { problems } = verifyCollection(this.store, collection);
      if (problems.length > 0) return `${name}: ${problems.join('; ')}`;
      const { n } = (await this.run({ count: name })) as { n: number };
      if (n !== documents.size) return `${name} counts ${n} documents and has ${documents.size}`;
    }
    return undefined;
  }
}

export interface CollectionContents {
  /** By `_id`, as text. */
  readonly documents: ReadonlyMap<string, string>;
  readonly indexes: string;
}

export type Contents = Map<string, CollectionContents>;

export function contentsText(contents: Contents): string {
  return [...contents]
    .map(([name, { documents, indexes }]) => `${name} [${indexes}] ${[...documents.values()].join(',')}`)
    .join('\n  ');
}
