/** What has to be new each time: identifiers, and chance. */
import type { Clock, Random } from '../../lsm/index.js';

export class Identifiers {
  /** Of this process, for all the ObjectIds it makes. */
  private readonly idWords = new Uint8Array(8);
  private idCounter: number;

  constructor(
    private readonly source: Random,
    private readonly clock: Clock,
  ) {
    source.fill(this.idWords);
    this.idCounter = new DataView(this.idWords.buffer).getUint32(0) & 0xffffff;
  }

  private bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    this.source.fill(bytes);
    return bytes;
  }

  /** In [0, 1). */
  readonly random = (): number => {
    const words = new DataView(this.bytes(8).buffer);
    return (words.getUint32(0) * 0x20_0000 + (words.getUint32(4) >>> 11)) / 2 ** 53;
  };

  /** In [0, 2^63). */
  readonly randomLong = (): bigint => new DataView(this.bytes(8).buffer).getBigUint64(0) >> 1n;

  /** As hexadecimal digits. */
  readonly randomHex = (byteCount: number): string => Buffer.from(this.bytes(byteCount)).toString('hex');

  /** A random UUID (version 4). */
  readonly newUuid = (): Uint8Array => {
    const uuid = this.bytes(16);
    uuid[6] = (uuid[6]! & 0x0f) | 0x40;
    uuid[8] = (uuid[8]! & 0x3f) | 0x80;
    return uuid;
  };

  /** Twelve bytes: seconds, five random bytes of this process, a counter. Source: MongoDB manual, "ObjectId". */
  readonly newObjectId = (): Uint8Array => {
    const id = new Uint8Array(12);
    const seconds = Math.floor(this.clock.wallMs() / 1000);
    this.idCounter = (this.idCounter + 1) & 0xffffff;
    const { idCounter, idWords } = this;
    id[0] = seconds >>> 24;
    id[1] = seconds >>> 16;
    id[2] = seconds >>> 8;
    id[3] = seconds;
    for (let i = 0; i < 5; i++) id[4 + i] = idWords[3 + i]!;
    id[9] = idCounter >>> 16;
    id[10] = idCounter >>> 8;
    id[11] = idCounter;
    return id;
  };
}
