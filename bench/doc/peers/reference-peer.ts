/** The reference engine over its socket, through the official driver. */
import { MongoClient, ObjectId } from 'mongodb';
import { REFERENCE, type DocPeer } from '../peer.js';
import { DriverPeer, type DriverDb } from './driver-peer.js';

export async function openReferencePeer(): Promise<DocPeer> {
  const client = new MongoClient(`mongodb://${REFERENCE}/?directConnection=true`, {
    retryWrites: false,
    retryReads: false,
  });
  await client.connect();
  const db = client.db('elmo_bench');
  return new DriverPeer({
    durability:
      'in the memory of its process when answered, its journal written every 100 ms; durable: j: true',
    db: db as unknown as DriverDb,
    objectId: (hex) => new ObjectId(hex),
    settle: () => Promise.resolve(),
    close: async () => {
      for (const name of ['orders', 'users', 'records']) await db.collection(name).drop();
      await client.close();
    },
  });
}
