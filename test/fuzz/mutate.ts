/**
 * Damage: what disks, copies and attackers do to bytes. Lengths and counts are favoured, since a decoder that believes
 * one is the decoder that breaks.
 */
import type { Bytes } from '../../lsm/base/bytes.js';
import { readU32, writeU16, writeU32 } from '../../lsm/base/bytes.js';
import type { SeededRandom } from '../support/seeded-random.js';

const EXTREMES_8 = [0, 1, 0x7f, 0x80, 0xff] as const;
const EXTREMES_16 = [0, 1, 0x7fff, 0x8000, 0xffff] as const;
const EXTREMES_32 = [0, 1, 0xff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_ffff] as const;

/** Changes bytes of `[from, to)` in place, one to four times; the length stays. */
export function damage(bytes: Bytes, from: number, to: number, random: SeededRandom): void {
  for (let n = 1 + random.int(random.chance(70) ? 1 : 4); n > 0; n--) damageOnce(bytes, from, to, random);
}

function damageOnce(bytes: Bytes, from: number, to: number, random: SeededRandom): void {
  const length = to - from;
  if (length <= 0) return;
  const at = from + random.int(length);
  switch (random.int(9)) {
    case 0:
    case 1:
      bytes[at]! ^= 1 << random.int(8);
      return;
    case 2:
      bytes[at] = random.pick(EXTREMES_8);
      return;
    case 3:
      bytes[at]! += random.chance(50) ? 1 : -1;
      return;
    case 4:
      if (at + 2 <= to) writeU16(bytes, at, random.pick(EXTREMES_16));
      return;
    case 5:
      if (at + 4 <= to) writeU32(bytes, at, random.pick(EXTREMES_32));
      return;
    case 6:
      if (at + 4 <= to) writeU32(bytes, at, (readU32(bytes, at) + random.int(9) - 4) >>> 0);
      return;
    case 7: {
      // a slice comes twice, or stands where another stood
      const count = 1 + random.int(Math.min(64, length));
      const source = from + random.int(length - count + 1);
      bytes.copyWithin(from + random.int(length - count + 1), source, source + count);
      return;
    }
    default:
      bytes.fill(random.chance(50) ? 0 : 0xff, at, Math.min(to, at + 1 + random.int(32)));
  }
}

/** A damaged copy, which may be shorter or longer: cut, spliced with itself, or changed in place. */
export function damagedCopy(bytes: Bytes, random: SeededRandom): Bytes {
  const roll = random.int(10);
  if (roll === 0) return bytes.slice(0, random.int(bytes.length + 1));
  if (roll === 1) {
    const at = random.int(bytes.length + 1);
    const from = random.int(bytes.length + 1);
    const slice = bytes.subarray(from, from + random.int(300));
    const longer = new Uint8Array(bytes.length + slice.length);
    longer.set(bytes.subarray(0, at));
    longer.set(slice, at);
    longer.set(bytes.subarray(at), at + slice.length);
    return longer;
  }
  if (roll === 2) {
    const at = random.int(bytes.length + 1);
    const end = Math.min(bytes.length, at + random.int(300));
    const shorter = new Uint8Array(bytes.length - (end - at));
    shorter.set(bytes.subarray(0, at));
    shorter.set(bytes.subarray(end), at);
    return shorter;
  }
  const copy = bytes.slice();
  damage(copy, 0, copy.length, random);
  return copy;
}
