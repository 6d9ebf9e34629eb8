/** Users with their roles and credentials, and who may do what. */
import { randomBytes } from 'node:crypto';
import { decodeDocument, ElmoError, encodeDocument, type Document, type Engine } from '../../elmo/index.js';
import { saslprep } from './saslprep.js';
import { makeCredential, SALT_BYTES, type ScramCredential, type ScramMechanism } from './scram.js';

export interface Role {
  readonly role: string;
  readonly db: string;
}

export interface User {
  readonly user: string;
  readonly db: string;
  readonly roles: readonly Role[];
  readonly credentials: Partial<Record<ScramMechanism, ScramCredential>>;
  readonly customData?: Document;
}

/** Roles of one database. */
export const DATABASE_ROLES: readonly string[] = ['read', 'readWrite', 'dbAdmin', 'dbOwner', 'userAdmin'];
/** Roles that only the database admin has, and which count everywhere. */
export const ADMIN_ROLES: readonly string[] = [
  'root',
  'readAnyDatabase',
  'readWriteAnyDatabase',
  'dbAdminAnyDatabase',
  'userAdminAnyDatabase',
  'clusterAdmin',
  'clusterManager',
  'clusterMonitor',
  'hostManager',
  'backup',
  'restore',
  '__system',
];

/** What a command needs of the one who runs it. */
export type Permission = 'read' | 'write' | 'admin' | 'users' | 'cluster';

const GRANTS: Readonly<Record<string, readonly Permission[]>> = {
  read: ['read'],
  readWrite: ['read', 'write'],
  dbAdmin: ['admin'],
  dbOwner: ['read', 'write', 'admin', 'users'],
  userAdmin: ['users'],
  readAnyDatabase: ['read'],
  readWriteAnyDatabase: ['read', 'write'],
  dbAdminAnyDatabase: ['admin'],
  userAdminAnyDatabase: ['users'],
  clusterAdmin: ['cluster'],
  clusterManager: ['cluster'],
  clusterMonitor: ['cluster'],
  hostManager: ['cluster'],
  backup: ['read', 'cluster'],
  restore: ['write', 'admin'],
  root: ['read', 'write', 'admin', 'users', 'cluster'],
  __system: ['read', 'write', 'admin', 'users', 'cluster'],
};

/** What a built-in role allows. */
export const permissionsOf = (role: string): readonly Permission[] => GRANTS[role] ?? [];

/** Whether one of the roles allows it on that database. */
export function isAllowed(roles: readonly Role[], permission: Permission, db: string): boolean {
  return roles.some(
    ({ role, db: own }) =>
      GRANTS[role]?.includes(permission) === true &&
      (ADMIN_ROLES.includes(role) ? own === 'admin' : own === db || permission === 'cluster'),
  );
}

/** @param given  'read', or {role, db} @throws ElmoError RoleNotFound, BadValue */
export function parseRoles(given: readonly unknown[], db: string): Role[] {
  return given.map((each) => {
    const role = typeof each === 'string' ? { role: each, db } : (each as Role);
    if (typeof role?.role !== 'string' || typeof role.db !== 'string')
      throw new ElmoError('BadValue', 'a role is a name, or a document of role and db');
    const exists =
      DATABASE_ROLES.includes(role.role) || (role.db === 'admin' && ADMIN_ROLES.includes(role.role));
    if (!exists) throw new ElmoError('RoleNotFound', `Could not find role: ${role.role}@${role.db}`);
    return { role: role.role, db: role.db };
  });
}

export async function credentialsOf(
  user: string,
  password: string,
  mechanisms: readonly ScramMechanism[],
  iterations: Readonly<Record<ScramMechanism, number>>,
): Promise<User['credentials']> {
  const credentials: Partial<Record<ScramMechanism, ScramCredential>> = {};
  for (const mechanism of mechanisms)
    credentials[mechanism] = await makeCredential(
      mechanism,
      user,
      password,
      randomBytes(SALT_BYTES[mechanism]),
      saslprep,
      iterations[mechanism],
    );
  return credentials;
}

export class Users {
  constructor(private readonly engine: Engine) {}

  get isEmpty(): boolean {
    return this.engine.users.isEmpty;
  }

  get(db: string, user: string): User | undefined {
    const raw = this.engine.users.get(db, user);
    return raw === undefined ? undefined : (decodeDocument(raw) as unknown as User);
  }

  /** @throws ElmoError UserNotFound */
  expect(db: string, user: string): User {
    const found = this.get(db, user);
    if (found === undefined)
      throw new ElmoError('UserNotFound', `Could not find user "${user}" for db "${db}"`);
    return found;
  }

  put(user: User): Promise<void> {
    return this.engine.users.put(user.db, user.user, encodeDocument(user));
  }

  remove(db: string, user: string): Promise<void> {
    return this.engine.users.delete(db, user);
  }

  all(): User[] {
    return this.engine.users.all().map((raw) => decodeDocument(raw) as unknown as User);
  }
}
