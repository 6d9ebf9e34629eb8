/**
 * A process that uses a file together with others, and does what it is told over IPC. Writers count: each insert and each
 * `$inc` that was acknowledged is reported, so that the test knows what has to be there.
 */
import { connect, MongoError, type ElmoClient } from '../../../index.js';

export type Order =
  | { readonly do: 'open'; readonly path: string }
  | { readonly do: 'write'; readonly name: string; readonly count: number }
  | { readonly do: 'role' }
  | { readonly do: 'close' };

/** What a member says of its writing: the last number acknowledged, or how it failed. */
export interface Report {
  readonly acknowledged: number;
  readonly failures: readonly string[];
}

let client: ElmoClient | undefined;

/** Whether this process holds the file. */
function holds(): boolean {
  try {
    return client!.engine !== undefined;
  } catch {
    return false;
  }
}

/** Inserts numbers from 0, and counts them in one document: each insert once, each increment once, or an error. */
async function write(name: string, count: number): Promise<Report> {
  const db = client!.db('shared');
  const failures: string[] = [];
  let acknowledged = 0;
  await db.collection('counters').updateOne({ name }, { $set: { n: 0 } }, { upsert: true });
  for (let i = 0; i < count; i++) {
    try {
      await db.collection('numbers').insertOne({ name, i });
      await db.collection('counters').updateOne({ name }, { $inc: { n: 1 } });
      acknowledged++;
    } catch (error) {
      failures.push(error instanceof MongoError ? `${error.code}: ${error.message}` : String(error));
      break;
    }
    process.send!({ progress: acknowledged });
  }
  return { acknowledged, failures };
}

async function obey(order: Order): Promise<unknown> {
  switch (order.do) {
    case 'open':
      client = await connect(order.path, { shared: true, worker: false });
      return holds();
    case 'write':
      return write(order.name, order.count);
    case 'role':
      return holds();
    case 'close':
      await client?.close();
      return undefined;
  }
}

process.on('message', (order: Order) => {
  obey(order).then(
    (answer) => process.send!({ answer }),
    (error: unknown) => process.send!({ error: String(error) }),
  );
});
