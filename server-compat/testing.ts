/**
 * The door `elmodb/testing`: databases in memory for tests. One opens in a fraction of a millisecond, and comes back to a
 * marked state without copying anything, however much it holds.
 */
import {
  MemoryEngine,
  MongoInvalidArgumentError,
  type ElmoClientOptions,
  type Engine,
  type Mark,
  type OpenEngineOptions,
} from '../elmo/index.js';
import { ElmoClient } from './client.js';

export type { Mark } from '../elmo/index.js';

export type TestDatabaseOptions = Pick<
  ElmoClientOptions,
  | 'dbName'
  | 'bsonRegExp'
  | 'ignoreUndefined'
  | 'maxCursors'
  | 'openCollections'
  | 'promoteBuffers'
  | 'promoteLongs'
  | 'promoteValues'
  | 'raw'
  | 'serializeFunctions'
  | 'ttlIntervalMs'
  | 'useBigInt64'
  | 'writeConcern'
>;

/** A client with a database of its own, which is gone when it is closed. */
export class TestClient extends ElmoClient {
  private memory: MemoryEngine | undefined;

  constructor(options: TestDatabaseOptions = {}) {
    super(':memory:', options);
  }

  protected override open(options: OpenEngineOptions): Promise<Engine> {
    this.memory = new MemoryEngine(options);
    this.memory.startBackground(options);
    return Promise.resolve(this.memory);
  }

  /** The state to come back to: documents, collections, indexes, users. In O(1). */
  mark(): Mark {
    return this.expectMemory().mark();
  }

  /**
   * Comes back to a marked state in O(1), whatever has been done since; the mark can be used again. Sessions and cursors that
   * are open end. Await what you have started before: an operation that is still under way may fail, or be done after it.
   */
  rewind(mark: Mark): void {
    const memory = this.expectMemory();
    if (mark.engine !== memory) throw new MongoInvalidArgumentError('the mark is of another database');
    memory.rewind(mark);
  }

  private expectMemory(): MemoryEngine {
    void this.engine; // says so when the client is closed
    return this.memory!;
  }
}

/** Opens an empty database in memory. */
export async function openTestDatabase(options: TestDatabaseOptions = {}): Promise<TestClient> {
  const client = new TestClient(options);
  await client.connect();
  return client;
}

type Hook = (run: () => Promise<void>) => unknown;

/** What a test framework has: mocha and node:test say `before` and `after`, vitest and jest `beforeAll` and `afterAll`. */
export interface TestHooks {
  readonly before?: Hook;
  readonly beforeAll?: Hook;
  readonly afterEach: Hook;
  readonly after?: Hook;
  readonly afterAll?: Hook;
}

/** What `useTestDatabase` gives. */
export interface TestDatabase {
  /** @throws MongoInvalidArgumentError outside of tests and hooks */
  readonly client: TestClient;
}

/**
 * One database for the tests of a file or a block: opened and seeded before them, brought back to that state after each of
 * them, closed at the end.
 * @param hooks  the module or object that has the framework's hooks: `import * as test from 'node:test'`, `import * as vitest
 *   from 'vitest'`, `import * as mocha from 'mocha'`, `globalThis` where they are global
 * @param seed  fills it
 */
export function useTestDatabase(
  hooks: TestHooks,
  seed: (client: TestClient) => unknown = () => undefined,
): TestDatabase {
  const before = hooks.before ?? hooks.beforeAll;
  const after = hooks.after ?? hooks.afterAll;
  if (before === undefined || after === undefined || typeof hooks.afterEach !== 'function')
    throw new MongoInvalidArgumentError(
      'expected the hooks of a test framework: before or beforeAll, afterEach, after or afterAll',
    );
  let client: TestClient | undefined;
  let seeded: Mark | undefined;
  before(async () => {
    client = await openTestDatabase();
    await seed(client);
    seeded = client.mark();
  });
  hooks.afterEach(async () => {
    client?.rewind(seeded!);
  });
  after(async () => {
    await client?.close(true);
    client = undefined;
  });
  return {
    get client() {
      if (client === undefined)
        throw new MongoInvalidArgumentError('the database is open inside of tests and hooks only');
      return client;
    },
  };
}
