/**
 * Interleaved transactions against a serial model. Each reads some accounts of two collections and writes what it makes of
 * them, so whoever read the same loses to whoever commits first, and tries again. In the end there must be an order of
 * those that committed which, played one after another on a plain map, gives what the database holds.
 */
import { expect } from 'chai';
import { connect, MongoServerError } from '../../../elmo/index.js';
import { SeededRandom } from '../../support/seeded-random.js';

const TRANSACTIONS = 1000;
const WORKERS = 8;
const ACCOUNTS = 12;
const COLLECTIONS = ['left', 'right'];

interface Account {
  _id: string;
  value: number;
  /** How many transactions have written it. */
  version: number;
}

/** What a transaction that committed has read. */
interface Committed {
  readonly reads: ReadonlyMap<string, number>;
  readonly salt: number;
}

const mixed = (values: readonly number[], salt: number, i: number): number =>
  values.reduce((sum, value) => (sum * 31 + value) % 1_000_003, salt + i);

const collectionOf = (id: string): string => COLLECTIONS[Number(id) % 2]!;

describe('interleaved transactions', () => {
  it(`of ${TRANSACTIONS}, those that commit have an order, and none sees half of another`, async () => {
    await using client = await connect(':memory:');
    const db = client.db('bank');
    const accounts = (id: string) => db.collection<Account>(collectionOf(id));
    for (let i = 0; i < ACCOUNTS; i++)
      await accounts(String(i)).insertOne({ _id: String(i), value: i, version: 0 });
    const committed: Committed[] = [];
    let begun = 0;
    let conflicts = 0;
    let given = 0;

    const work = async (seed: number): Promise<void> => {
      const random = new SeededRandom(seed);
      while (begun < TRANSACTIONS) {
        const salt = ++begun;
        const ids = [
          ...new Set(Array.from({ length: 1 + random.int(3) }, () => String(random.int(ACCOUNTS)))),
        ];
        const givesUp = random.chance(10);
        await client.withSession(async (session) => {
          for (;;) {
            session.startTransaction();
            try {
              const reads = new Map<string, number>();
              const values: number[] = [];
              for (const id of ids) {
                const { value, version } = (await accounts(id).findOne({ _id: id }, { session }))!;
                reads.set(id, version);
                values.push(value);
                if (random.chance(30)) await new Promise((resolve) => setImmediate(resolve));
              }
              for (const [i, id] of ids.entries())
                await accounts(id).updateOne(
                  { _id: id },
                  { $set: { value: mixed(values, salt, i) }, $inc: { version: 1 } },
                  { session },
                );
              if (givesUp) {
                await session.abortTransaction();
                given++;
                return;
              }
              await session.commitTransaction();
              committed.push({ reads, salt });
              return;
            } catch (error) {
              if (!(error instanceof MongoServerError) || !error.hasErrorLabel('TransientTransactionError'))
                throw error;
              conflicts++;
              await session.abortTransaction().catch(() => undefined);
            }
          }
        });
      }
    };
    await Promise.all(Array.from({ length: WORKERS }, (_, i) => work(i + 1)));

    expect(committed.length + given).to.be.at.least(TRANSACTIONS);
    expect(conflicts, 'transactions met').to.be.greaterThan(20);
    const model = new Map(Array.from({ length: ACCOUNTS }, (_, i) => [String(i), { value: i, version: 0 }]));
    let waiting = committed;
    while (waiting.length > 0) {
      const left: Committed[] = [];
      for (const transaction of waiting) {
        const ids = [...transaction.reads.keys()];
        const isNext = ids.every((id) => model.get(id)!.version === transaction.reads.get(id));
        if (!isNext) {
          left.push(transaction);
          continue;
        }
        const values = ids.map((id) => model.get(id)!.value);
        for (const [i, id] of ids.entries())
          model.set(id, { value: mixed(values, transaction.salt, i), version: model.get(id)!.version + 1 });
      }
      expect(left.length, 'one can always come next').to.be.lessThan(waiting.length);
      waiting = left;
    }
    for (const [_id, expected] of model)
      expect(await accounts(_id).findOne({ _id })).to.deep.equal({ _id, ...expected });
  }).timeout(60_000);
});
