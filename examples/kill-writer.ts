/**
 * A process that writes until it is killed: `node kill-writer.js FILE`. It tells its parent the number of each write as
 * soon as that is acknowledged.
 */
import { connect } from '../index.js';

const [path] = process.argv.slice(2);
if (path === undefined || process.send === undefined)
  throw new Error('to be started by the demo, with a file');
const client = await connect(path);
const entries = client.db('journal').collection<{ _id: number; text: string }>('entries');
await entries.createIndex({ text: 1 });
for (let number = 0; ; number++) {
  await entries.insertOne({ _id: number, text: `entry ${number}` });
  process.send(number);
  await new Promise((resolve) => setImmediate(resolve));
}
