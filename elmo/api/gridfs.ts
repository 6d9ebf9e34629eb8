/**
 * GridFS: files as chunks in two collections. Source: drivers' specification "GridFS".
 *
 *   <bucket>.files   {_id, length, chunkSize, uploadDate, filename, metadata?}
 *   <bucket>.chunks  {_id, files_id, n, data}, unique on {files_id, n}
 */
import { EventEmitter } from 'node:events';
import { Readable, Writable } from 'node:stream';
import { Binary, ObjectId, type Document } from '../bson/package.js';
import type { Collection } from './collection.js';
import type { Db } from './db.js';
import {
  MongoGridFSChunkError,
  MongoGridFSStreamError,
  MongoInvalidArgumentError,
  MongoRuntimeError,
} from './errors.js';
import type { FindCursor } from './find-cursor.js';
import type { Filter, FindOptions, WriteConcernSettings } from './types.js';

const DEFAULT_CHUNK_BYTES = 255 * 1024;

export interface GridFSBucketOptions {
  bucketName?: string;
  chunkSizeBytes?: number;
  writeConcern?: WriteConcernSettings;
  readPreference?: unknown;
}

export interface GridFSFile {
  _id: ObjectId;
  length: number;
  chunkSize: number;
  filename: string;
  uploadDate: Date;
  metadata?: Document;
}

export interface GridFSBucketWriteStreamOptions {
  id?: ObjectId;
  chunkSizeBytes?: number;
  metadata?: Document;
  contentType?: string;
  aliases?: string[];
}

export interface GridFSBucketReadStreamOptions {
  /** First byte. */
  start?: number;
  /** After the last byte. */
  end?: number;
  /** Which of the files of that name: 0 the first, -1 the newest. */
  revision?: number;
}

interface GridFSChunk {
  _id: ObjectId;
  files_id: unknown;
  n: number;
  data: Binary;
}

export class GridFSBucket extends EventEmitter {
  readonly files: Collection<Document>;
  readonly chunks: Collection<Document>;
  private readonly bucketName: string;
  private readonly chunkSizeBytes: number;
  private areIndexesMade = false;

  constructor(db: Db, options: GridFSBucketOptions = {}) {
    super();
    this.bucketName = options.bucketName ?? 'fs';
    this.chunkSizeBytes = options.chunkSizeBytes ?? DEFAULT_CHUNK_BYTES;
    const given = options.writeConcern === undefined ? {} : { writeConcern: options.writeConcern };
    this.files = db.collection(`${this.bucketName}.files`, given);
    this.chunks = db.collection(`${this.bucketName}.chunks`, given);
  }

  openUploadStream(filename: string, options: GridFSBucketWriteStreamOptions = {}): GridFSBucketWriteStream {
    return new GridFSBucketWriteStream(this, filename, { chunkSizeBytes: this.chunkSizeBytes, ...options });
  }

  openUploadStreamWithId(
    id: ObjectId,
    filename: string,
    options: GridFSBucketWriteStreamOptions = {},
  ): GridFSBucketWriteStream {
    return this.openUploadStream(filename, { ...options, id });
  }

  openDownloadStream(id: ObjectId, options: GridFSBucketReadStreamOptions = {}): GridFSBucketReadStream {
    return new GridFSBucketReadStream(this, { _id: id }, undefined, options);
  }

  openDownloadStreamByName(
    filename: string,
    options: GridFSBucketReadStreamOptions = {},
  ): GridFSBucketReadStream {
    return new GridFSBucketReadStream(this, { filename }, options.revision ?? -1, options);
  }

  /** Deletes a file with its chunks. @throws MongoRuntimeError if there is none */
  async delete(id: ObjectId): Promise<void> {
    const { deletedCount } = await this.files.deleteOne({ _id: id });
    await this.chunks.deleteMany({ files_id: id });
    if (deletedCount === 0) throw new MongoRuntimeError(`File not found for id ${String(id)}`);
  }

  /** Deletes all files of that name. @throws MongoRuntimeError if there is none */
  async deleteByName(filename: string): Promise<void> {
    const ids = (await this.files.find({ filename }, { projection: { _id: 1 } }).toArray()).map(
      ({ _id }) => _id as unknown,
    );
    if (ids.length === 0) throw new MongoRuntimeError(`File with filename ${filename} not found`);
    await this.files.deleteMany({ _id: { $in: ids } } as Filter<Document>);
    await this.chunks.deleteMany({ files_id: { $in: ids } } as Filter<Document>);
  }

  find(filter: Filter<GridFSFile> = {}, options: FindOptions = {}): FindCursor<GridFSFile> {
    return this.files.find(filter as Filter<Document>, options) as unknown as FindCursor<GridFSFile>;
  }

  async rename(id: ObjectId, filename: string): Promise<void> {
    const { matchedCount } = await this.files.updateOne({ _id: id }, { $set: { filename } });
    if (matchedCount === 0) throw new MongoRuntimeError(`File with id ${String(id)} not found`);
  }

  async renameByName(from: string, filename: string): Promise<void> {
    const { matchedCount } = await this.files.updateMany({ filename: from }, { $set: { filename } });
    if (matchedCount === 0) throw new MongoRuntimeError(`File with filename ${from} not found`);
  }

  async drop(): Promise<void> {
    await this.files.drop();
    await this.chunks.drop();
    this.areIndexesMade = false;
  }

  /** Makes the indexes before the first file. */
  async ensureIndexes(): Promise<void> {
    if (this.areIndexesMade) return;
    if ((await this.files.findOne({}, { projection: { _id: 1 } })) === null) {
      await this.files.createIndex({ filename: 1, uploadDate: 1 });
    }
    await this.chunks.createIndex({ files_id: 1, n: 1 }, { unique: true });
    this.areIndexesMade = true;
    this.emit('index');
  }
}

export class GridFSBucketWriteStream extends Writable {
  readonly id: ObjectId;
  gridFSFile: GridFSFile | null = null;
  length = 0;
  private readonly chunkSizeBytes: number;
  private readonly held: Buffer;
  private heldBytes = 0;
  private n = 0;
  private isAborted = false;

  constructor(
    private readonly bucket: GridFSBucket,
    readonly filename: string,
    readonly options: GridFSBucketWriteStreamOptions,
  ) {
    super();
    this.id = options.id ?? new ObjectId();
    this.chunkSizeBytes = options.chunkSizeBytes ?? DEFAULT_CHUNK_BYTES;
    this.held = Buffer.alloc(this.chunkSizeBytes);
  }

  override _construct(callback: (error?: Error | null) => void): void {
    this.bucket.ensureIndexes().then(() => callback(), callback);
  }

  override _write(
    chunk: Buffer | string,
    encoding: BufferEncoding,
    callback: (error?: Error | null) => void,
  ): void {
    this.take(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk).then(
      () => callback(),
      callback,
    );
  }

  private async take(bytes: Buffer): Promise<void> {
    if (this.isAborted) throw new MongoGridFSStreamError('this stream has been aborted');
    this.length += bytes.length;
    for (let at = 0; at < bytes.length;) {
      const count = Math.min(this.chunkSizeBytes - this.heldBytes, bytes.length - at);
      bytes.copy(this.held, this.heldBytes, at, at + count);
      this.heldBytes += count;
      at += count;
      if (this.heldBytes === this.chunkSizeBytes) await this.flushChunk();
    }
  }

  private async flushChunk(): Promise<void> {
    const data = new Binary(Buffer.from(this.held.subarray(0, this.heldBytes)));
    this.heldBytes = 0;
    await this.bucket.chunks.insertOne({ _id: new ObjectId(), files_id: this.id, n: this.n++, data });
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.finish().then(() => callback(), callback);
  }

  private async finish(): Promise<void> {
    if (this.isAborted) throw new MongoGridFSStreamError('this stream has been aborted');
    if (this.heldBytes > 0) await this.flushChunk();
    const { metadata, contentType, aliases } = this.options;
    const file: GridFSFile & Document = {
      _id: this.id,
      length: this.length,
      chunkSize: this.chunkSizeBytes,
      uploadDate: new Date(this.bucket.files.nowMs()),
      filename: this.filename,
      ...(contentType === undefined ? {} : { contentType }),
      ...(aliases === undefined ? {} : { aliases }),
      ...(metadata === undefined ? {} : { metadata }),
    };
    await this.bucket.files.insertOne(file);
    this.gridFSFile = file;
  }

  /** Ends the upload and deletes what was written of it. */
  async abort(): Promise<void> {
    if (this.writableEnded)
      throw new MongoGridFSStreamError('Cannot abort a stream that has already completed');
    if (this.isAborted) throw new MongoGridFSStreamError('Cannot call abort() on a stream twice');
    this.isAborted = true;
    await this.bucket.chunks.deleteMany({ files_id: this.id });
    this.destroy();
  }
}

export class GridFSBucketReadStream extends Readable {
  private source: AsyncGenerator<Buffer> | undefined;

  constructor(
    private readonly bucket: GridFSBucket,
    private readonly wanted: Document,
    private readonly revision: number | undefined,
    private readonly options: GridFSBucketReadStreamOptions,
  ) {
    super();
    const { start = 0, end } = options;
    if (start < 0) throw new MongoInvalidArgumentError(`Stream start (${start}) must not be negative`);
    if (end !== undefined && end < start)
      throw new MongoInvalidArgumentError(
        `Stream start (${start}) must not be greater than stream end (${end})`,
      );
  }

  override _read(): void {
    this.source ??= this.pieces();
    this.source.next().then(
      ({ value, done }) => this.push(done === true ? null : value),
      (error: Error) => this.destroy(error),
    );
  }

  private async file(): Promise<GridFSFile> {
    const { revision } = this;
    const found = (await this.bucket.files.findOne(this.wanted, {
      ...(revision === undefined
        ? {}
        : {
            sort: { uploadDate: revision < 0 ? -1 : 1 },
            skip: revision < 0 ? -revision - 1 : revision,
          }),
    })) as unknown as GridFSFile | null;
    if (found === null) {
      const what =
        this.wanted['_id'] === undefined ? String(this.wanted['filename']) : String(this.wanted['_id']);
      const error = new MongoRuntimeError(`FileNotFound: file ${what} was not found`);
      error.code = 'ENOENT';
      throw error;
    }
    return found;
  }

  private async *pieces(): AsyncGenerator<Buffer> {
    const file = await this.file();
    this.emit('file', file);
    const length = Number(file.length);
    const { start = 0, end = length } = this.options;
    if (start > length)
      throw new MongoInvalidArgumentError(
        `Stream start (${start}) must not be more than the length of the file (${length})`,
      );
    if (end > length)
      throw new MongoInvalidArgumentError(
        `Stream end (${end}) must not be more than the length of the file (${length})`,
      );
    if (length === 0 || start === end) return;
    const { chunkSize } = file;
    const first = Math.floor(start / chunkSize);
    const chunks = this.bucket.chunks
      .find({ files_id: file._id, n: { $gte: first } } as Filter<Document>)
      .sort({ n: 1 })
      .batchSize(8);
    let n = first;
    try {
      for (let at = first * chunkSize; at < end; at += chunkSize, n++) {
        const chunk = (await chunks.next()) as unknown as GridFSChunk | null;
        if (chunk === null || chunk.n > n)
          throw new MongoGridFSChunkError(
            `ChunkIsMissing: Got unexpected n: ${chunk?.n ?? 'none'}, expected: ${n}`,
          );
        if (chunk.n < n)
          throw new MongoGridFSChunkError(`ExtraChunk: Got unexpected n: ${chunk.n}, expected: ${n}`);
        const bytes = Buffer.from(chunk.data.buffer);
        const expected = Math.min(chunkSize, length - at);
        if (bytes.length !== expected)
          throw new MongoGridFSChunkError(
            `ChunkIsWrongSize: Got unexpected length: ${bytes.length}, expected: ${expected}`,
          );
        yield bytes.subarray(Math.max(start - at, 0), Math.min(end - at, bytes.length));
      }
    } finally {
      await chunks.close();
    }
  }

  /** Stops reading. */
  abort(): Promise<void> {
    this.destroy();
    return Promise.resolve();
  }
}
