/**
 * The contract of `OrderedKv` as tests: one suite, run on every implementation. Each part takes a fresh, empty store for
 * each test. Open are: numbers of sequence beyond their order, the size from which a value is a blob (a byte is none, a
 * megabyte is one), and estimates beyond a factor of two.
 */
import { conflictsContract } from './conflicts.contract.js';
import type { OpenKv } from './fixture.js';
import { loadsContract } from './loads.contract.js';
import { readsContract } from './reads.contract.js';
import { refusalsContract } from './refusals.contract.js';
import { scansContract } from './scans.contract.js';
import { streamsContract } from './streams.contract.js';
import { transactionsContract } from './transactions.contract.js';
import { writesContract } from './writes.contract.js';

export type { OpenKv, OpenedKv } from './fixture.js';

/**
 * @param name  of the implementation
 * @param open  opens a new, empty store; `close` closes it if the test has not, and removes what it left
 */
export function orderedKvContract(name: string, open: OpenKv): void {
  describe(`OrderedKv: ${name}`, () => {
    readsContract(open);
    scansContract(open);
    writesContract(open);
    transactionsContract(open);
    conflictsContract(open);
    loadsContract(open);
    streamsContract(open);
    refusalsContract(open);
  });
}
