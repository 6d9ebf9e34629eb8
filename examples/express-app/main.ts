/**
 * The server: opens the file, listens, and closes both when it is told to stop.
 *
 *   npm run build && PORT=3000 node dist/examples/express-app/main.js notes.elmo
 */
import type { AddressInfo } from 'node:net';
import { connect } from 'elmodb';
import { makeApp, prepare } from './app.js';

const client = await connect(process.argv[2] ?? 'notes.elmo');
const db = client.db('notes');
await prepare(db);

const server = makeApp(db).listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/notes`);
});

const stop = (): void => {
  server.close(() => void client.close()); // requests under way are answered first
};
process.once('SIGINT', stop);
process.once('SIGTERM', stop);
