/**
 * The checksum of archives: CRC-64 with the polynomial of ECMA-182, reflected, as Go's hash/crc64 and XZ reckon it.
 * Eight bytes a step, in halves of 32 bits.
 */

const POLYNOMIAL_LOW = 0xd7870f42;
const POLYNOMIAL_HIGH = 0xc96c5795;

/** Eight tables of 256 entries each, low and high halves apart. */
const LOW = new Int32Array(8 * 256);
const HIGH = new Int32Array(8 * 256);

for (let byte = 0; byte < 256; byte++) {
  let low = byte;
  let high = 0;
  for (let bit = 0; bit < 8; bit++) {
    const isOdd = (low & 1) !== 0;
    low = (low >>> 1) | (high << 31);
    high >>>= 1;
    if (!isOdd) continue;
    low ^= POLYNOMIAL_LOW;
    high ^= POLYNOMIAL_HIGH;
  }
  LOW[byte] = low;
  HIGH[byte] = high;
}
for (let at = 256; at < 8 * 256; at++) {
  const low = LOW[at - 256]!;
  const high = HIGH[at - 256]!;
  LOW[at] = ((low >>> 8) | (high << 24)) ^ LOW[low & 0xff]!;
  HIGH[at] = (high >>> 8) ^ HIGH[low & 0xff]!;
}

export class Crc64 {
  private low = -1;
  private high = -1;

  /** Takes in bytes [at, end). */
  update(bytes: Uint8Array, at = 0, end = bytes.length): void {
    let { low, high } = this;
    for (; at + 8 <= end; at += 8) {
      const a = low ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
      const b =
        high ^ (bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24));
      const [i, j, k, l] = [a & 0xff, (a >>> 8) & 0xff, (a >>> 16) & 0xff, a >>> 24];
      const [m, n, o, p] = [b & 0xff, (b >>> 8) & 0xff, (b >>> 16) & 0xff, b >>> 24];
      low =
        LOW[1792 + i]! ^
        LOW[1536 + j]! ^
        LOW[1280 + k]! ^
        LOW[1024 + l]! ^
        LOW[768 + m]! ^
        LOW[512 + n]! ^
        LOW[256 + o]! ^
        LOW[p]!;
      high =
        HIGH[1792 + i]! ^
        HIGH[1536 + j]! ^
        HIGH[1280 + k]! ^
        HIGH[1024 + l]! ^
        HIGH[768 + m]! ^
        HIGH[512 + n]! ^
        HIGH[256 + o]! ^
        HIGH[p]!;
    }
    for (; at < end; at++) {
      const index = (low ^ bytes[at]!) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ LOW[index]!;
      high = (high >>> 8) ^ HIGH[index]!;
    }
    this.low = low;
    this.high = high;
  }

  /** Of all bytes so far, unsigned. */
  get value(): bigint {
    return (BigInt(~this.high >>> 0) << 32n) | BigInt(~this.low >>> 0);
  }
}
