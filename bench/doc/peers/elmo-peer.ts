/** elmo in process, every option at its default. */
import { join } from 'node:path';
import { connect, ObjectId } from '../../../index.js';
import type { LsmStore } from '../../../lsm/index.js';
import { ELMO_FILE, type DocPeer } from '../peer.js';
import { DriverPeer, type DriverDb } from './driver-peer.js';

export async function openElmoPeer(folder: string): Promise<DocPeer> {
  const client = await connect(join(folder, ELMO_FILE));
  return new DriverPeer({
    durability:
      'in the log when answered: survives the death of the process; durable: synced before the answer',
    db: client.db('bench') as unknown as DriverDb,
    objectId: (hex) => new ObjectId(hex),
    settle: () => (client.engine.kv as LsmStore).settle(),
    close: () => client.close(),
  });
}
