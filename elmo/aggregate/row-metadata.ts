/** What `{$meta: …}` says of rows: who asks for it, and where it stays while a stage holds rows. */
import { metaNamesIn } from '../projection/build.js';
import type { RowMetadata } from '../operation/row-source.js';
import type { Value } from '../bson/value.js';

const META = Buffer.from('$meta\0');

/** Names of `{$meta: …}` in what stages were given; perhaps some that stand in literals. */
export function metaNamesOf(given: Iterable<Value>): ReadonlySet<string> {
  const names = new Set<string>();
  for (const value of given) {
    const { bytes, at, end } = value;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at);
    if (text.includes(META)) for (const name of metaNamesIn(value)) names.add(name);
  }
  return names;
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
