/** A write that the store refuses leaves no trace in memory either. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { connect } from '../../../server-compat/index.js';

describe('a write that the store refuses', () => {
  let folder = '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'elmo-refused-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('changes no count', async () => {
    const path = join(folder, 'a.elmo');
    const filled = await connect(path);
    await filled
      .db('x')
      .collection('a')
      .insertMany([{ n: 1 }, { n: 2 }]);
    await filled.close();
    const client = await connect(path, { readOnly: true });
    try {
      const a = client.db('x').collection('a');
      for (const write of [() => a.insertOne({ n: 3 }), () => a.deleteMany({})]) {
        let refusal: unknown;
        await write().catch((error: unknown) => (refusal = error));
        expect((refusal as Error).message).to.contain('opened for reading only');
        expect([await a.estimatedDocumentCount(), await a.countDocuments()]).to.deep.equal([2, 2]);
      }
    } finally {
      await client.close();
    }
  });
});
