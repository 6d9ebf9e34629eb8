/** Which indexes an update of certain paths may concern. */
import type { IndexSpec } from '../catalog/collection-spec.js';

const INDEX_COMPONENTS = /\.\d+(?=\.|$)/g;

/** Whether what is at `path` depends on what is at `other`, places in arrays aside: 'a.0.b' and 'a', 'a.b', 'a.b.c'. */
export function isRelatedPath(path: string, other: string): boolean {
  const a = path.replace(INDEX_COMPONENTS, '');
  const b = other.replace(INDEX_COMPONENTS, '');
  if (a.length === b.length) return a === b;
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return long.startsWith(short) && long[short.length] === '.';
}

/** Whether the entries of a document may change when its values at `touched` do. */
export function isTouched(spec: IndexSpec, touched: readonly string[]): boolean {
  if (spec.partialFilter !== undefined) return true; // it may be about any path
  return spec.fields.some(
    ({ path, kind }) =>
      (kind === 'wildcard' && path === '') || touched.some((each) => isRelatedPath(path, each)),
  );
}
