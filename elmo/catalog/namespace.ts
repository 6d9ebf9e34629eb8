/** Names of databases and collections: which are allowed, and the errors for those that are not. */
import { ElmoError } from '../errors.js';
import type { Namespace } from './collection-spec.js';

const MAX_DB_NAME_BYTES = 64;
const MAX_NAMESPACE_BYTES = 255;

const BAD_IN_DB_NAME = /[/\\. "$\0]/;

export function namespaceText({ db, collection }: Namespace): string {
  return collection === '' ? db : `${db}.${collection}`;
}

/** 'db.some.collection' → both parts. */
export function parseNamespace(text: string): Namespace {
  const dot = text.indexOf('.');
  return dot < 0 ? { db: text, collection: '' } : { db: text.slice(0, dot), collection: text.slice(dot + 1) };
}

/** The name that was checked last: most operations are about the same database. */
let lastAllowed: string | undefined;

/** @throws ElmoError InvalidNamespace */
export function checkDatabaseName(db: string): void {
  if (db === lastAllowed) return;
  if (db === '' || BAD_IN_DB_NAME.test(db) || Buffer.byteLength(db) >= MAX_DB_NAME_BYTES)
    throw new ElmoError('InvalidNamespace', `Invalid database name: '${db}'`);
  lastAllowed = db;
}

/** Whether a name can be that of a collection at all. @throws ElmoError InvalidNamespace */
export function checkNamespace(namespace: Namespace): void {
  checkDatabaseName(namespace.db);
  const { collection } = namespace;
  if (collection === '')
    throw new ElmoError('InvalidNamespace', `Invalid namespace specified: ${namespaceText(namespace)}`);
  if (collection.startsWith('.'))
    throw new ElmoError('InvalidNamespace', `Collection names cannot start with '.': ${collection}`);
  if (collection.includes('\0'))
    throw new ElmoError('InvalidNamespace', 'namespaces cannot have embedded null characters');
}

/** Whether a collection of that name may be made. @throws ElmoError InvalidNamespace, BadValue */
export function checkNewNamespace(namespace: Namespace): void {
  checkNamespace(namespace);
  const text = namespaceText(namespace);
  const { collection } = namespace;
  if (Buffer.byteLength(text) > MAX_NAMESPACE_BYTES)
    throw new ElmoError(
      'InvalidNamespace',
      `Fully qualified namespace is too long. Namespace: ${text} Max: ${MAX_NAMESPACE_BYTES}`,
    );
  if (collection.includes('$'))
    throw new ElmoError('InvalidNamespace', `Invalid collection name: ${collection}`);
  if (collection.includes('.system.')) throw new ElmoError('BadValue', `Invalid namespace: ${text}`);
  if (isSystem(collection) && !ALLOWED_SYSTEM.has(collection) && !collection.startsWith(BUCKETS_PREFIX))
    throw new ElmoError('InvalidNamespace', `Invalid system namespace: ${text}`);
}

/** Whether documents can be searched for in a collection of that name. @throws ElmoError InvalidNamespace */
export function checkReadableNamespace(namespace: Namespace): void {
  checkNamespace(namespace);
  if (namespace.collection.includes('$'))
    throw new ElmoError(
      'InvalidNamespace',
      `Invalid collection name specified '${namespaceText(namespace)}'`,
    );
}

/** Whether clients may write to a collection of that name. @throws ElmoError InvalidNamespace, BadValue */
export function checkWritableNamespace(namespace: Namespace): void {
  checkNewNamespace(namespace);
  if (namespace.collection === SYSTEM_VIEWS || namespace.collection === SYSTEM_PROFILE)
    throw new ElmoError('InvalidNamespace', `cannot write to ${namespaceText(namespace)}`);
}

export const BUCKETS_PREFIX = 'system.buckets.';

/** Where the reference keeps what it says of views. */
export const SYSTEM_VIEWS = 'system.views';

/** Where the profiler writes. */
export const SYSTEM_PROFILE = 'system.profile';

const ALLOWED_SYSTEM: ReadonlySet<string> = new Set([
  'system.js',
  SYSTEM_VIEWS,
  SYSTEM_PROFILE,
  'system.users',
  'system.roles',
  'system.version',
]);

export function isSystem(collection: string): boolean {
  return collection.startsWith('system.');
}
