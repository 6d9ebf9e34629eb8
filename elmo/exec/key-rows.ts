/** Rows made of index entries, without their documents: for queries that an index covers, and for what it can decide. */
import { MISSING } from '../bson/types.js';
import { BsonWriter } from '../bson/writer.js';
import { TypeBitsReader } from '../keys/type-bits.js';
import { KeyReader } from '../keys/value-decoding.js';
import { ROW, type Pulled, type RowMetadata, type RowSource } from '../operation/row-source.js';
import type { IndexSpec } from '../catalog/collection-spec.js';
import type { IndexScan } from './index-scan.js';
import { StageStats } from './plan-stats.js';

const encoder = new TextEncoder();

/** A field of the document of a key: a value of the entry, or a document of others. */
interface Node {
  readonly name: Uint8Array;
  /** Which value of the entry; -1: it has children. */
  readonly value: number;
  readonly children: Node[];
}

/** @param isFlat  whether dotted paths are names, as returnKey shows them; else they are documents in documents */
function nodesOf(paths: readonly string[], isFlat: boolean): Node[] {
  const roots: Node[] = [];
  paths.forEach((path, value) => {
    const parts = isFlat ? [path] : path.split('.');
    let level = roots;
    parts.forEach((part, i) => {
      const name = encoder.encode(part);
      if (i === parts.length - 1) {
        level.push({ name, value, children: [] });
        return;
      }
      let node = level.find((each) => each.value < 0 && Buffer.compare(each.name, name) === 0);
      if (node === undefined) level.push((node = { name, value: -1, children: [] }));
      level = node.children;
    });
  });
  return roots;
}

/** Makes documents of entries. */
export class KeyDocument {
  readonly writer = new BsonWriter();
  private readonly values = new BsonWriter();
  private readonly types: Uint8Array;
  private readonly starts: Int32Array;
  private readonly nodes: readonly Node[];
  private readonly reader = new KeyReader();
  private readonly typeBits = new TypeBitsReader();

  constructor(paths: readonly string[], isFlat = false) {
    this.nodes = nodesOf(paths, isFlat);
    this.types = new Uint8Array(paths.length);
    this.starts = new Int32Array(paths.length + 1);
  }

  /** Writes the document of the scan's current entry to `writer.bytes`, from 0. */
  read({ entries, place }: Pick<IndexScan, 'entries' | 'place'>): void {
    const { reader, typeBits, values, types, starts, writer } = this;
    const { keyBytes, valueBytes, valueOffset, valueLength } = place;
    reader.open(keyBytes, entries.valuesStart, entries.valuesEnd);
    typeBits.open(valueBytes, entries.typeBitsStart, valueOffset + valueLength);
    values.clear();
    for (let i = 0; i < types.length; i++) {
      starts[i] = values.length;
      types[i] = reader.readValue(values, typeBits, entries.directions[i]! < 0);
    }
    starts[types.length] = values.length;
    writer.clear();
    this.writeNodes(this.nodes);
  }

  private writeNodes(nodes: readonly Node[]): void {
    const { writer, types, starts, values } = this;
    const start = writer.beginDocument();
    for (const { name, value, children } of nodes) {
      if (value < 0) {
        writer.writeName(OBJECT_TYPE, name);
        this.writeNodes(children);
        continue;
      }
      const type = types[value]!;
      if (type === MISSING) continue;
      writer.writeName(type, name);
      writer.writeRange(values.bytes, starts[value]!, starts[value + 1]!);
    }
    writer.endDocument(start);
  }
}

const OBJECT_TYPE = 0x03;

/** Each entry as a document of its values. */
export class KeyRows implements RowSource {
  readonly at = 0;
  readonly metadata: RowMetadata | undefined = undefined;
  readonly stats = new StageStats();
  private readonly document: KeyDocument;

  /** @param paths  of the index's fields */
  constructor(
    readonly scan: IndexScan,
    paths: readonly string[],
  ) {
    this.document = new KeyDocument(paths);
  }

  get bytes(): Uint8Array {
    return this.document.writer.bytes;
  }
  get recordId(): number {
    return this.scan.recordId;
  }

  pull(): Pulled {
    const pulled = this.scan.pull();
    if (pulled !== ROW) return pulled;
    this.document.read(this.scan);
    return ROW;
  }

  close(): void {
    this.scan.close();
  }
}

/** Where a row was found: what a scan stands at, of an index. */
export interface Entry {
  readonly scan: IndexScan;
  readonly index: IndexSpec;
}

/** Gives rows what `$meta` says of the entry and the record they came from. */
export class WithEntry implements RowSource {
  /** By scan. */
  private readonly documents = new Map<IndexScan, KeyDocument>();

  /** @param entry  where the row comes from; undefined: they come from no index */
  constructor(
    private readonly source: RowSource,
    private readonly entry: (() => Entry | undefined) | undefined,
  ) {}

  get bytes(): Uint8Array {
    return this.source.bytes;
  }
  get at(): number {
    return this.source.at;
  }
  get recordId(): number {
    return this.source.recordId;
  }
  get metadata(): RowMetadata {
    const entry = this.entry?.();
    if (entry === undefined) return { recordId: this.recordId };
    const document = this.documentOf(entry);
    document.read(entry.scan);
    return { recordId: this.recordId, indexKey: document.writer.toBytes() };
  }
  get isAtEnd(): boolean {
    return this.source.isAtEnd === true;
  }

  private documentOf({ scan, index }: Entry): KeyDocument {
    let document = this.documents.get(scan);
    if (document === undefined) {
      document = new KeyDocument(
        index.fields.map(({ path }) => path),
        true,
      );
      this.documents.set(scan, document);
    }
    return document;
  }

  pull(): Pulled {
    return this.source.pull();
  }

  close(): void {
    this.source.close();
  }
}
