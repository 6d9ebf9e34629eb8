/** The names a path may have among the entries of a wildcard index. */

const NUMERIC = /^\d+$/;
/** Ways to leave components of a path out. */
const MOST_VARIANTS = 16;

/** Whether a component of a path, not the first, may be a place in an array. */
export function isPosition(part: string): boolean {
  return NUMERIC.test(part);
}

/** The path, and what it is when a number in it is a place in an array, which entries do not tell. */
export function variantsOf(path: string): string[] {
  let variants: string[][] = [[]];
  for (const [i, part] of path.split('.').entries())
    variants = variants.flatMap((variant) =>
      i > 0 && NUMERIC.test(part) && variants.length < MOST_VARIANTS
        ? [variant, [...variant, part]]
        : [[...variant, part]],
    );
  return variants.map((parts) => parts.join('.'));
}

/** Whether a number in the path may be a place in an array. */
export function hasPosition(path: string): boolean {
  return path.split('.').some((part, i) => i > 0 && NUMERIC.test(part));
}
