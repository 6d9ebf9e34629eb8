/** Where all commits pass: it makes the units that are written through, and brings what they hold into the store. */
import type { OrderedKv, Transaction, WriteBatch } from '../../lsm/index.js';
import { Claims } from './claims.js';
import { DirectUnit } from './direct-unit.js';
import type { Operation } from './operation.js';
import { TransactionUnit } from './transaction-unit.js';
import { MustWait } from './write-unit.js';

export class Committer {
  readonly claims = new Claims();

  constructor(readonly kv: OrderedKv) {}

  /** A unit outside of transactions; usable again after each commit. */
  direct(): DirectUnit {
    return new DirectUnit(this.kv, this.claims, this.writeBatch);
  }

  /** A transaction that sees the store as it is now. */
  begin(label?: string): TransactionUnit {
    return new TransactionUnit(this.kv.begin({ label }), this.claims, this.writeTransaction);
  }

  /**
   * Decides and commits a write outside of transactions: again, when it had to wait for an open transaction.
   * @param write  puts all it wants in one synchronous stretch; what it throws undoes all of it
   * @throws ElmoError MaxTimeMSExpired, Interrupted while it waits
   */
  async run<T>(operation: Operation, write: (unit: DirectUnit) => T, isDurable = false): Promise<T> {
    const unit = this.direct();
    for (;;) {
      let result: T;
      try {
        result = write(unit);
      } catch (error) {
        unit.rollback();
        if (!(error instanceof MustWait)) throw error;
        await operation.waitFor(error.ended);
        continue;
      }
      await unit.commit(isDurable);
      return result;
    }
  }

  private readonly writeBatch = (batch: WriteBatch, isDurable: boolean): Promise<void> =>
    this.kv.write(batch, isDurable ? { sync: true } : undefined);

  private readonly writeTransaction = async (transaction: Transaction, isDurable: boolean): Promise<void> => {
    await transaction.commit(isDurable ? { sync: true } : undefined);
  };
}
