/**
 * The header before every message, and the kinds of messages.
 *
 *   offset  size  field
 *        0     4  messageLength  int32le, the header included
 *        4     4  requestId      int32le, the sender's
 *        8     4  responseTo     int32le, 0 in requests
 *       12     4  opCode         int32le
 *
 * Source: MongoDB manual, "MongoDB Wire Protocol".
 */
export const HEADER_BYTES = 16;
/** The longest message, header included. */
export const MAX_MESSAGE_BYTES = 48_000_000;

export const OP_REPLY = 1;
export const OP_QUERY = 2004;
export const OP_COMPRESSED = 2012;
export const OP_MSG = 2013;

export interface MessageHeader {
  readonly length: number;
  readonly requestId: number;
  readonly responseTo: number;
  readonly opCode: number;
}

/** What is wrong with a message; the connection it came from ends. */
export class WireError extends Error {
  override readonly name = 'WireError';
}

const int32 = (from: Uint8Array, at: number): number =>
  from[at]! | (from[at + 1]! << 8) | (from[at + 2]! << 16) | (from[at + 3]! << 24);

export { int32 as readInt32Le };

export function writeInt32Le(into: Uint8Array, at: number, value: number): void {
  into[at] = value;
  into[at + 1] = value >>> 8;
  into[at + 2] = value >>> 16;
  into[at + 3] = value >>> 24;
}

/** @param bytes  at least `HEADER_BYTES` */
export function readHeader(bytes: Uint8Array, at = 0): MessageHeader {
  return {
    length: int32(bytes, at),
    requestId: int32(bytes, at + 4),
    responseTo: int32(bytes, at + 8),
    opCode: int32(bytes, at + 12),
  };
}

export function writeHeader(into: Uint8Array, header: MessageHeader): void {
  writeInt32Le(into, 0, header.length);
  writeInt32Le(into, 4, header.requestId);
  writeInt32Le(into, 8, header.responseTo);
  writeInt32Le(into, 12, header.opCode);
}
