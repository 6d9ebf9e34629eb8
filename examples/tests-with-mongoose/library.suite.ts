/**
 * A test suite on mongoose: one database in memory for the file, brought back to what was seeded after every test. mongoose
 * connects once, over a socket, as it would to a server.
 *
 *   npm run build && npx mocha --no-config dist/examples/tests-with-mongoose/library.suite.js
 */
import assert from 'node:assert/strict';
import { useTestDatabase } from 'elmodb/testing';
import mongoose, { type Connection } from 'mongoose';
import { Library } from './library.js';

describe('the library', () => {
  let connection: Connection;
  let library: Library;

  useTestDatabase({ before, afterEach, after }, async (client) => {
    const server = await client.listen({ port: 0 });
    connection = await mongoose.createConnection(server.uri).asPromise();
    library = new Library(connection);
    await library.books.init(); // the indexes are there before the tests begin
    await library.books.create([{ title: 'Notes', copies: 2 }, { title: 'Compilers' }]);
  });
  after(() => connection.close());

  it('lends while there are copies', async () => {
    assert.equal(await library.lend('Compilers', 'Ada'), true);
    assert.equal(await library.lend('Compilers', 'Grace'), false);
  });

  it('has the copy back in the next test', async () => {
    assert.equal(await library.lend('Compilers', 'Grace'), true);
  });

  it('has no book twice', async () => {
    await assert.rejects(library.books.create({ title: 'Notes' }), { code: 11000 });
  });

  it('refuses less than no copies', async () => {
    await assert.rejects(library.books.create({ title: 'Maps', copies: -1 }), { name: 'ValidationError' });
  });

  it('hands over all or nothing', async () => {
    await library.lend('Notes', 'Ada');
    await library.lend('Compilers', 'Ada');
    await assert.rejects(library.handOver('Ada', ''), /to nobody/);
    assert.equal(await library.books.countDocuments({ readers: 'Ada' }), 2);
    await library.handOver('Ada', 'Grace');
    assert.equal(await library.books.countDocuments({ readers: 'Grace' }), 2);
    assert.equal(await library.books.countDocuments({ readers: 'Ada' }), 0);
  });
});
