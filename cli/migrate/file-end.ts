/** A database file as one end of a migration. */
import { existsSync } from 'node:fs';
import { Decoder, type Engine } from '../../elmo/index.js';
import { connect } from '../../server-compat/index.js';
import { MODEST } from '../database.js';
import { keepHeapSmall } from '../small-heap.js';
import { DriverEnd, type DriverClient } from './driver-end.js';
import type { CollectionName, InsertOutcome } from './end.js';

const ID_INDEX = /index: _id_ /;

export class FileEnd extends DriverEnd {
  private constructor(
    readonly name: string,
    client: DriverClient,
    private readonly engine: Engine,
  ) {
    const decoder = new Decoder({ promoteValues: false, bsonRegExp: true });
    super(client, (raw) => decoder.decode(raw));
  }

  static async open(path: string, mayCreate: boolean): Promise<FileEnd> {
    if (!mayCreate && !existsSync(path)) throw new Error(`there is no file ${path}`);
    keepHeapSmall();
    const client = await connect(path, { promoteValues: false, createIfMissing: mayCreate, ...MODEST });
    return new FileEnd(path, client as unknown as DriverClient, client.engine);
  }

  override async *read(...args: Parameters<DriverEnd['read']>): AsyncGenerator<Uint8Array> {
    // the engine's rows are valid until the next one only
    for await (const document of super.read(...args)) yield document.slice();
  }

  async insert({ db, collection }: CollectionName, documents: readonly Uint8Array[]): Promise<InsertOutcome> {
    const { inserted, failures } = await this.engine.insert({
      namespace: { db, collection },
      documents,
      isOrdered: false,
      bypassDocumentValidation: true,
      keepsEmptyTimestamps: true,
      isDurable: true,
    });
    return {
      inserted,
      failures: failures.map(({ error: { message } }) => ({
        message,
        isDuplicateId: ID_INDEX.test(message),
      })),
    };
  }
}
