/**
 * Users, stored in the file: one document each in a keyspace of their own. What is in the documents is the business of
 * whoever checks logins; here they are only kept.
 *
 *   key    keyspace USERS | database | NUL | name
 *   value  {user, db, credentials, roles, …}
 */
import type { OrderedKv } from '../../lsm/index.js';
import { KEYSPACE_USERS } from '../catalog/keyspaces.js';
import { keyspaceBounds } from '../keys/key-layout.js';
import { KeyWriter } from '../keys/value-encoding.js';
import type { RawDocument } from '../operation/requests.js';

function keyOf(db: string, name: string): Uint8Array {
  const writer = new KeyWriter();
  writer.appendVarint(KEYSPACE_USERS);
  const bytes = Buffer.from(`${db}\0${name}`);
  writer.appendBytes(bytes, 0, bytes.length);
  return writer.toBytes();
}

export class UserRecords {
  constructor(private readonly kv: OrderedKv) {}

  get(db: string, name: string): RawDocument | undefined {
    return this.kv.get(keyOf(db, name));
  }

  /** Resolves when it would survive a power cut: who may log in is not to be forgotten. */
  put(db: string, name: string, record: RawDocument): Promise<void> {
    return this.kv.put(keyOf(db, name), record, { sync: true });
  }

  delete(db: string, name: string): Promise<void> {
    return this.kv.delete(keyOf(db, name), { sync: true });
  }

  /** All users, in the order of databases and names. */
  all(): RawDocument[] {
    const found: RawDocument[] = [];
    const cursor = this.kv.scan(keyspaceBounds(KEYSPACE_USERS));
    while (cursor.next()) found.push(cursor.value());
    cursor.close();
    return found;
  }

  get isEmpty(): boolean {
    const cursor = this.kv.scan(keyspaceBounds(KEYSPACE_USERS));
    const hasOne = cursor.next();
    cursor.close();
    return !hasOne;
  }
}
