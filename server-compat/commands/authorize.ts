/** Whether a connection may run a command, when clients have to log in. */
import { Arguments, commandName, documentValue, ElmoError, type Command } from '../../elmo/index.js';
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

/** What tells of the whole server, from whichever database it is asked. */
const MONITORING: ReadonlySet<string> = new Set(['serverStatus', 'hostInfo', 'connPoolStats', 'currentOp']);

/** What those who administer a database may do to its collections without being allowed to write. */
const ADMINISTERED: ReadonlySet<string> = new Set(['create', 'createIndexes', 'drop', 'dropIndexes']);

const LOOPBACK = /^(127\.|::1:|::ffff:127\.|anonymous unix socket)/;

/** Something that a command needs, and where. */
interface Need {
  readonly permission: Permission;
  readonly db: string;
}

function permissionOf({ name, isWrite, isAdminOnly }: Command): Permission {
  if (USER_COMMANDS.has(name)) return 'users';
  if (DEFINING.has(name)) return 'admin';
  if (MONITORING.has(name)) return 'cluster';
  if (isWrite === true) return 'write';
  return isAdminOnly === true ? 'cluster' : 'read';
}

const STRING = 2;
const OBJECT = 3;

const databaseOf = (namespace: string | undefined): string => (namespace ?? '').split('.', 1)[0]!;

/** Where a stage writes; undefined: it does not. */
function writtenBy(stage: Uint8Array, db: string): string | undefined {
  const name = commandName(stage);
  if (name !== '$out' && name !== '$merge') return undefined;
  const value = Arguments.of(documentValue(stage)).value(name)!;
  const target = name === '$merge' && value.type === OBJECT ? Arguments.of(value).value('into') : value;
  if (target?.type !== OBJECT) return db;
  const named = Arguments.of(target).value('db');
  return named?.type === STRING ? named.text : db;
}

/** All that a command needs. */
function needsOf(command: Command, args: Arguments, db: string): readonly Need[] {
  const write = (own: string): Need => ({ permission: 'write', db: own });
  switch (command.name) {
    case 'bulkWrite':
      return args
        .documents('nsInfo')
        .map((raw) => write(databaseOf(Arguments.of(documentValue(raw)).text('ns'))));
    case 'renameCollection':
      return [write(databaseOf(args.text('renameCollection'))), write(databaseOf(args.text('to')))];
    case 'aggregate':
      return [
        { permission: 'read', db },
        ...args.documents('pipeline').flatMap((stage) => {
          const target = writtenBy(stage, db);
          return target === undefined ? [] : [write(target)];
        }),
      ];
    default:
      return [{ permission: permissionOf(command), db }];
  }
}

/** @throws ElmoError Unauthorized */
export function authorize(
  command: Command,
  args: Arguments,
  db: string,
  connection: Connection,
  users: Users,
): void {
  const { name } = command;
  if (OPEN_TO_ALL.has(name)) return;
  if (connection.users.length === 0) {
    // somebody has to make the first user: from this machine, and only that
    const isFirst = name === 'createUser' && LOOPBACK.test(connection.remote) && users.isEmpty;
    if (isFirst) return;
    throw new ElmoError('Unauthorized', `Command ${name} requires authentication`);
  }
  if (OF_ANY_USER.has(name) || (name === 'currentOp' && args.flag('$ownOps'))) return;
  const roles: Role[] = connection.users.flatMap((user) => [...user.roles]);
  if (needsOf(command, args, db).every((need) => isAllowed(roles, need.permission, need.db))) return;
  if (ADMINISTERED.has(name) && isAllowed(roles, 'admin', db)) return;
  if (name === 'collMod' && isAllowed(roles, 'write', db)) return;
  throw new ElmoError('Unauthorized', `not authorized on ${db} to execute command ${name}`);
}
