/** Bits of the result that are computed beyond those that are wanted. */
const GUARD_BITS = 32;

/** pi · 2^bits, rounded down, by Machin's formula: pi = 16 arctan(1/5) - 4 arctan(1/239). */
export function piByMachin(bits: number): bigint {
  const one = 1n << BigInt(bits + GUARD_BITS);
  const arcTangentOfInverse = (n: bigint): bigint => {
    let power = one / n;
    let sum = power;
    for (let k = 3n; power !== 0n; k += 2n) {
      power = -power / (n * n);
      sum += power / k;
    }
    return sum;
  };
  return (16n * arcTangentOfInverse(5n) - 4n * arcTangentOfInverse(239n)) >> BigInt(GUARD_BITS);
}
