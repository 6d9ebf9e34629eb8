/** Commands that are refused: each with the code and the words it is refused with, and nothing of it done. */
import { expect } from 'chai';
import { connect, type Document, type ElmoClient } from '../../../index.js';

/** What is wrong; the command; code and message of its refusal; the database, if it is not `a`. */
export type BadCommand = readonly [
  why: string,
  command: Document,
  code: number,
  message: string,
  db?: string,
];

/** `c` holds one document before each command, and the same after it. */
export function testBadCommands(groups: Readonly<Record<string, readonly BadCommand[]>>): void {
  let client: ElmoClient;

  before(async () => {
    client = await connect(':memory:');
    await client.db('a').command({ insert: 'c', documents: [{ _id: 1, a: 1 }] });
  });
  after(() => client.close());

  const state = async (): Promise<unknown> => [
    await client.db('a').collection('c').find().toArray(),
    (await client.db('a').listCollections().toArray()).map(({ name }) => name),
    await client.db('a').collection('c').listIndexes().toArray(),
  ];

  for (const [group, rows] of Object.entries(groups))
    describe(group, () => {
      for (const [why, command, code, message, db = 'a'] of rows)
        it(why, async () => {
          const before = await state();
          const refusal: unknown = await client
            .db(db)
            .command(command)
            .catch((error: unknown) => error);
          expect(refusalOf(refusal)).to.deep.equal({ code, message });
          expect(await state()).to.deep.equal(before);
        });
    });
}

/** An error, or the one of a statement; long names are cut. */
function refusalOf(refusal: unknown): unknown {
  const { code, message, writeErrors } = refusal as {
    code?: number;
    message?: string;
    writeErrors?: readonly { code: number; errmsg: string }[];
  };
  const [failed] = writeErrors ?? [];
  const text = failed?.errmsg ?? message;
  return { code: failed?.code ?? code, message: text?.replace(/x{200,}/, '…') };
}
