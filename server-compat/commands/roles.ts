/** rolesInfo: the roles that are built in, and what they allow. */
import { ElmoError, fields, plainJs, type Command, type ReplyWriter } from '../../elmo/index.js';
import { ADMIN_ROLES, DATABASE_ROLES, permissionsOf, type Permission, type Role } from '../auth/users.js';

const { anything, looseFlag, required } = fields;

/** What the permissions are called where roles are described. Source: MongoDB manual, "Privilege Actions". */
const ACTIONS: Readonly<Record<Permission, readonly string[]>> = {
  read: ['collStats', 'dbHash', 'dbStats', 'find', 'killCursors', 'listCollections', 'listIndexes'],
  write: ['createCollection', 'createIndex', 'dropCollection', 'dropIndex', 'insert', 'remove', 'update'],
  admin: ['bypassDocumentValidation', 'collMod', 'compact', 'dropDatabase', 'enableProfiler', 'validate'],
  users: ['createUser', 'dropUser', 'grantRole', 'revokeRole', 'viewRole', 'viewUser'],
  cluster: [
    'connPoolStats',
    'fsync',
    'getLog',
    'getParameter',
    'hostInfo',
    'inprog',
    'killop',
    'serverStatus',
  ],
};

const isBuiltin = ({ role, db }: Role): boolean =>
  DATABASE_ROLES.includes(role) || (db === 'admin' && ADMIN_ROLES.includes(role));

const builtinsOf = (db: string): Role[] =>
  [...DATABASE_ROLES, ...(db === 'admin' ? ADMIN_ROLES : [])].sort().map((role) => ({ role, db }));

/** The roles that are asked for: 1 for all of a database, a name, {role, db}, or a list of these. @throws ElmoError BadValue */
function asked(given: unknown, db: string, showsBuiltins: boolean): Role[] {
  if (given === 1) return showsBuiltins ? builtinsOf(db) : [];
  if (Array.isArray(given)) return given.flatMap((each) => asked(each, db, showsBuiltins));
  const named = typeof given === 'string' ? { role: given, db } : (given as Partial<Role> | null);
  if (typeof named?.role !== 'string' || typeof named.db !== 'string')
    throw new ElmoError(
      'BadValue',
      'rolesInfo takes 1, a name, a document of role and db, or a list of these',
    );
  const role = { role: named.role, db: named.db };
  return isBuiltin(role) ? [role] : [];
}

function writePrivileges(into: ReplyWriter, name: string, { role, db }: Role): void {
  const permissions = permissionsOf(role);
  const ofDatabase = permissions.filter((permission) => permission !== 'cluster');
  const resources = [
    ...(ofDatabase.length === 0 ? [] : [{ cluster: false, permissions: ofDatabase }]),
    ...(permissions.includes('cluster') ? [{ cluster: true, permissions: ['cluster'] as const }] : []),
  ];
  into.objects(name, resources, ({ cluster, permissions: granted }, of) => {
    of.object('resource', (resource) =>
      cluster
        ? resource.bool('cluster', true)
        : resource.text('db', ADMIN_ROLES.includes(role) ? '' : db).text('collection', ''),
    );
    of.texts('actions', granted.flatMap((permission) => ACTIONS[permission]).sort());
  });
}

export const rolesInfo: Command = {
  name: 'rolesInfo',
  help: 'roles and what they allow; all of them are built in',
  target: 'any',
  fields: {
    rolesInfo: required(anything),
    showPrivileges: looseFlag,
    showAuthenticationRestrictions: looseFlag,
    showBuiltinRoles: looseFlag,
  },
  run(args, { db }, reply) {
    const roles = asked(plainJs(args.value('rolesInfo')!), db, args.flag('showBuiltinRoles'));
    reply.objects('roles', roles, (role, into) => {
      into.text('_id', `${role.db}.${role.role}`).text('role', role.role).text('db', role.db);
      into.bool('isBuiltin', true);
      into.objects('roles', [], () => undefined).objects('inheritedRoles', [], () => undefined);
      if (!args.flag('showPrivileges')) return;
      writePrivileges(into, 'privileges', role);
      writePrivileges(into, 'inheritedPrivileges', role);
    });
  },
};
