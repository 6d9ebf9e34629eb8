/**
 * Archives as mongodump writes them: a whole dump in one stream, collections one behind the other or interleaved.
 *   magic      6d e2 99 81   u32le 0x8199e26d
 *   prelude    a document {concurrent_collections, version, server_version, tool_version},
 *              for each collection a document {db, collection, metadata, size, type}, whose metadata is the text of
 *              what a folder keeps in COLLECTION.metadata.json, then a terminator
 *   body       blocks: a document {db, collection, EOF: false, CRC: 0}, documents of that collection, a terminator;
 *              after its last documents {db, collection, EOF: true, CRC}, a terminator
 *   terminator ff ff ff ff
 * The CRC (crc64.ts) is of all documents of a collection, in order. Views have a place in the prelude, no body;
 * a time-series collection's body is that of `system.buckets.` and its name.
 */
import { encodeDocument, Long, type Document } from '../../elmo/index.js';

export const ARCHIVE_MAGIC: Uint8Array = Uint8Array.of(0x6d, 0xe2, 0x99, 0x81);
export const ARCHIVE_TERMINATOR: Uint8Array = Uint8Array.of(0xff, 0xff, 0xff, 0xff);
const ARCHIVE_VERSION = '0.1';

/** A collection of the prelude. */
export interface ArchivedCollection {
  readonly db: string;
  readonly collection: string;
  /** Extended JSON: options, indexes, type. */
  readonly metadata: string;
  readonly type: string;
}

export function encodePrelude(
  collections: readonly ArchivedCollection[],
  serverVersion: string,
  toolVersion: string,
): Uint8Array {
  const header = {
    concurrent_collections: 1,
    version: ARCHIVE_VERSION,
    server_version: serverVersion,
    tool_version: toolVersion,
  };
  const documents = collections.map(({ db, collection, metadata, type }) => ({
    db,
    collection,
    metadata,
    size: 0,
    type,
  }));
  return Buffer.concat([
    ARCHIVE_MAGIC,
    ...[header, ...documents].map((document) => encodeDocument(document)),
    ARCHIVE_TERMINATOR,
  ]);
}

/** What begins a block of documents. */
export function encodeBlockStart(db: string, collection: string): Uint8Array {
  return encodeDocument(blockHeader(db, collection, false, 0n));
}

/** What follows a collection's last block. */
export function encodeCollectionEnd(db: string, collection: string, crc: bigint): Uint8Array {
  return Buffer.concat([encodeDocument(blockHeader(db, collection, true, crc)), ARCHIVE_TERMINATOR]);
}

function blockHeader(db: string, collection: string, isEnd: boolean, crc: bigint): Document {
  return { db, collection, EOF: isEnd, CRC: Long.fromBigInt(BigInt.asIntN(64, crc)) };
}
