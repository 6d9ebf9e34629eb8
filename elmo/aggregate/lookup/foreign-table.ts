/**
 * Documents by the values of one field, for joins on a field that no index has: each key costs a look into a hash table.
 */
import { PathReader, type PathVisitor } from '../../bson/path.js';
import { MISSING, NULL } from '../../bson/types.js';
import type { Value } from '../../bson/value.js';
import type { CollationSpec } from '../../collation/collation.js';
import { ByteTable } from '../../bson/byte-table.js';
import { CanonicalKeys } from '../canonical-keys.js';

export class ForeignTable implements PathVisitor {
  private readonly table = new ByteTable();
  /** By number of the key: which documents have it, ascending. */
  private readonly holders: number[][] = [];
  private readonly reader: PathReader;
  private readonly keys: CanonicalKeys;
  private document = 0;

  constructor(
    private readonly documents: readonly Uint8Array[],
    path: string,
    collation: CollationSpec | undefined,
  ) {
    this.reader = new PathReader(path);
    this.keys = new CanonicalKeys(collation);
    for (; this.document < documents.length; this.document++)
      this.reader.visit(documents[this.document]!, 0, this);
  }

  visit(bytes: Uint8Array, type: number, at: number): boolean {
    this.setKey(type, bytes, at);
    const { writer } = this.keys;
    const key = this.table.add(writer.bytes, 0, writer.length);
    const holders = (this.holders[key] ??= []);
    if (holders.at(-1) !== this.document) holders.push(this.document);
    return false;
  }

  private setKey(type: number, bytes: Uint8Array, at: number): void {
    this.keys.clear();
    this.keys.append(type === MISSING ? NULL : type, bytes, at);
  }

  /** The documents that have any of the values, in the order they came. */
  having(values: readonly Value[]): Uint8Array[] {
    const found = new Set<number>();
    for (const { type, bytes, at } of values) {
      this.setKey(type, bytes, at);
      const { writer } = this.keys;
      const key = this.table.find(writer.bytes, 0, writer.length);
      if (key >= 0) for (const document of this.holders[key]!) found.add(document);
    }
    const order = [...found];
    if (values.length > 1) order.sort((a, b) => a - b);
    return order.map((document) => this.documents[document]!);
  }
}
