/**
 * Values outside the tables: writing new ones, reading by descriptor. A compaction may have moved a blob: then the
 * manifest knows its place better than the descriptor does.
 */
import type { Bytes } from '../base/bytes.js';
import type { Extent } from '../base/extent.js';
import { BlobReader } from '../blob/blob-reader.js';
import { BlobWriter } from '../blob/blob-writer.js';
import { decodeBlobDescriptor, type BlobDescriptor } from '../blob/descriptor.js';
import type { Cipher } from '../env/cipher.js';
import type { File } from '../env/file-system.js';
import type { ValueReader } from '../ordered-kv.js';
import { PieceReader } from '../read/value-reader.js';
import type { BlobAccess } from '../read/scratch.js';
import type { ExtentMap } from '../space/extents.js';

export class BlobStore implements BlobAccess {
  /** Blobs that left the manifest while there were readers who may still see them. */
  private readonly dropped = new Map<number, readonly Extent[]>();

  constructor(
    private readonly file: File,
    private readonly cipher: Cipher | undefined,
    private readonly extents: ExtentMap,
    private readonly places: ReadonlyMap<number, readonly Extent[]>,
    private readonly nextId: () => number,
  ) {}

  newWriter(): BlobWriter {
    return new BlobWriter(
      this.file,
      (bytes) => this.extents.allocate(bytes),
      (extent) => this.extents.giveBack(extent),
      this.nextId(),
      this.cipher,
    );
  }

  open(descriptor: Bytes, offset: number, length: number, release: () => void): ValueReader {
    return new BlobValueReader(this.reader(descriptor, offset, length), release);
  }

  readWhole(descriptor: Bytes, offset: number, length: number): Bytes {
    return this.reader(descriptor, offset, length).readAll();
  }

  /** A blob leaves the manifest; where it lies is remembered for those who read older versions. */
  drop(id: number): void {
    const extents = this.places.get(id);
    if (extents !== undefined) this.dropped.set(id, extents);
  }

  /** Nobody reads an older version any more. */
  forgetDropped(): void {
    if (this.dropped.size > 0) this.dropped.clear();
  }

  /** Where a blob lies now. @throws LsmError Corrupt */
  decode(descriptor: Bytes, offset: number, length: number): BlobDescriptor {
    const decoded = decodeBlobDescriptor(descriptor, offset, length, this.file.path);
    const extents = this.places.get(decoded.id) ?? this.dropped.get(decoded.id);
    return extents === undefined ? decoded : { ...decoded, extents };
  }

  private reader(descriptor: Bytes, offset: number, length: number): BlobReader {
    return new BlobReader(this.file, this.decode(descriptor, offset, length), this.cipher);
  }
}

class BlobValueReader extends PieceReader {
  readonly length: number;

  constructor(
    private readonly reader: BlobReader,
    private readonly release: () => void,
  ) {
    super();
    this.length = reader.length;
  }

  read(into: Bytes, offset: number, count: number, position: number): number {
    const n = this.clamp(into, offset, count, position);
    return n === 0 ? 0 : this.reader.read(into, offset, n, position);
  }

  override close(): void {
    if (this.isClosed) return;
    super.close();
    this.release();
  }
}
