/** A server, by the official driver, as one end of a migration. */
import type { Document } from '../../elmo/index.js';
import { loadDriver } from '../driver.js';
import { DriverEnd, type DriverClient } from './driver-end.js';
import type { CollectionName, InsertOutcome } from './end.js';

/** What of the driver is used. */
interface Driver {
  readonly MongoClient: new (uri: string, options: object) => DriverClient & { connect(): Promise<unknown> };
  readonly BSON: { deserialize(raw: Uint8Array, options: object): Document };
}

/** Keep every type, so that what is read is what is written. */
const PRECISE = { promoteValues: false, promoteLongs: false, bsonRegExp: true };
/** Below what a server takes in one message, with room for the rest of it. */
const MESSAGE_BYTES = 40 * 1024 * 1024;
const DUPLICATE_KEY = 11000;

export class ServerEnd extends DriverEnd {
  private constructor(
    readonly name: string,
    client: DriverClient,
    private readonly bson: Driver['BSON'],
  ) {
    super(client, (raw) => bson.deserialize(raw, PRECISE));
  }

  /** @throws Error when the driver is not installed, or nobody answers */
  static async open(uri: string): Promise<ServerEnd> {
    const { MongoClient, BSON } = await loadDriver<Driver>();
    const client = new MongoClient(uri, { serverSelectionTimeoutMS: 10_000, bsonRegExp: true });
    await client.connect();
    return new ServerEnd(withoutPassword(uri), client, BSON);
  }

  async insert(name: CollectionName, documents: readonly Uint8Array[]): Promise<InsertOutcome> {
    let inserted = 0;
    const failures: { message: string; isDuplicateId: boolean }[] = [];
    for (let i = 0; i < documents.length;) {
      const part: Document[] = [];
      for (let bytes = 0; i < documents.length; i++) {
        bytes += documents[i]!.length;
        if (part.length > 0 && bytes > MESSAGE_BYTES) break;
        part.push(this.bson.deserialize(documents[i]!, PRECISE));
      }
      const { n, writeErrors = [] } = (await this.client.db(name.db).command({
        insert: name.collection,
        documents: part,
        ordered: false,
        bypassDocumentValidation: true,
        writeConcern: { w: 'majority', j: true },
      })) as { n: unknown; writeErrors?: { code: unknown; errmsg: string; keyPattern?: Document }[] };
      inserted += Number(n);
      for (const { code, errmsg, keyPattern } of writeErrors) {
        const isId = keyPattern === undefined ? errmsg.includes('index: _id_ ') : '_id' in keyPattern;
        failures.push({ message: errmsg, isDuplicateId: Number(code) === DUPLICATE_KEY && isId });
      }
    }
    return { inserted, failures };
  }
}

/** 'mongodb://me:secret@host/' → 'mongodb://me@host/'. */
export function withoutPassword(uri: string): string {
  return uri.replace(/^([a-z+]+:\/\/[^:@/]*):[^@/]*@/, '$1@');
}
