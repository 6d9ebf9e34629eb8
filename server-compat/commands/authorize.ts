/** Whether a connection may run a command, when clients have to log in. */
import { ElmoError, type Command } from '../../elmo/index.js';
import type { Connection } from '../connection/connection.js';
import { isAllowed, type Permission, type Role, type Users } from '../auth/users.js';

/** What everybody may ask before a login. */
const OPEN_TO_ALL: ReadonlySet<string> = new Set([
  'hello',
  'isMaster',
  'ping',
  'buildInfo',
  'connectionStatus',
  'whatsmyuri',
  'listCommands',
  'saslStart',
  'saslContinue',
  'logout',
  'endSessions',
  'features',
  'getLog',
]);

const USER_COMMANDS: ReadonlySet<string> = new Set([
  'createUser',
  'updateUser',
  'dropUser',
  'dropAllUsersFromDatabase',
  'usersInfo',
  'rolesInfo',
  'grantRolesToUser',
  'revokeRolesFromUser',
]);

/** Of any user, whatever the roles: they concern the connection or its own sessions and cursors. */
const OF_ANY_USER: ReadonlySet<string> = new Set([
  'startSession',
  'refreshSessions',
  'killSessions',
  'commitTransaction',
  'abortTransaction',
  'getMore',
  'killCursors',
  'listDatabases',
]);

const DEFINING: ReadonlySet<string> = new Set([
  'collMod',
  'convertToCapped',
  'cloneCollectionAsCapped',
  'compact',
  'validate',
  'profile',
  'dropDatabase',
  'reIndex',
]);

const LOOPBACK = /^(127\.|::1:|::ffff:127\.|unix:)/;

function permissionOf({ name, isWrite, isAdminOnly }: Command): Permission {
  if (USER_COMMANDS.has(name)) return 'users';
  if (DEFINING.has(name)) return 'admin';
  if (isWrite === true) return 'write';
  return isAdminOnly === true ? 'cluster' : 'read';
}

/** Stages of a pipeline that write. */
const WRITING_STAGE = /^\$(out|merge)$/;

/** @param stageNames  of an aggregation @throws ElmoError Unauthorized */
export function authorize(
  command: Command,
  db: string,
  connection: Connection,
  users: Users,
  stageNames: readonly string[],
): void {
  if (OPEN_TO_ALL.has(command.name)) return;
  if (connection.users.length === 0) {
    // somebody has to make the first user: from this machine, and only that
    const isFirst = command.name === 'createUser' && LOOPBACK.test(connection.remote) && users.isEmpty;
    if (isFirst) return;
    throw new ElmoError('Unauthorized', `Command ${command.name} requires authentication`);
  }
  if (OF_ANY_USER.has(command.name)) return;
  const roles: Role[] = connection.users.flatMap((user) => [...user.roles]);
  const wanted = [
    permissionOf(command),
    ...(stageNames.some((name) => WRITING_STAGE.test(name)) ? ['write' as const] : []),
  ];
  const isAdministered =
    DEFINING.has(command.name) && isAllowed(roles, 'write', db) && command.name === 'collMod';
  if (isAdministered || wanted.every((permission) => isAllowed(roles, permission, db))) return;
  // whoever may write may also define collections and indexes; administrators may define without writing
  if (
    command.isWrite === true &&
    ['create', 'createIndexes', 'drop', 'dropIndexes'].includes(command.name) &&
    isAllowed(roles, 'admin', db)
  )
    return;
  throw new ElmoError('Unauthorized', `not authorized on ${db} to execute command ${command.name}`);
}
