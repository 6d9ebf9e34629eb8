/** What `{$meta: …}` says of rows: who asks for it, and where it stays while a stage holds rows. */
import { metaNamesIn } from '../projection/build.js';
import type { RowMetadata } from '../operation/row-source.js';
import type { Value } from '../bson/value.js';
import { mentions } from './arguments.js';

const META = Buffer.from('$meta\0');
const NO_NAMES: ReadonlySet<string> = new Set();

/** Names of `{$meta: …}` in what stages were given; perhaps some that stand in literals. */
export function metaNamesOf(given: Iterable<Value>): ReadonlySet<string> {
  let names: Set<string> | undefined;
  for (const value of given) {
    if (!mentions(value, META)) continue;
    names ??= new Set();
    for (const name of metaNamesIn(value)) names.add(name);
  }
  return names ?? NO_NAMES;
}

/** By row, as it is held. Rows without metadata cost nothing. */
export class HeldMetadata {
  private readonly byRow = new Map<Uint8Array, RowMetadata>();

  keep(row: Uint8Array, metadata: RowMetadata | undefined): void {
    if (metadata !== undefined) this.byRow.set(row, metadata);
  }

  of(row: Uint8Array): RowMetadata | undefined {
    return this.byRow.get(row);
  }

  delete(row: Uint8Array): void {
    this.byRow.delete(row);
  }

  clear(): void {
    this.byRow.clear();
  }
}
