/** createUser, updateUser, dropUser, usersInfo, and the roles of users. */
import {
  decodeDocument,
  ElmoError,
  fields,
  plainJs,
  type Command,
  type Document,
  type Engine,
  type ReplyWriter,
} from '../../elmo/index.js';
import { SCRAM_MECHANISMS, type ScramMechanism } from '../auth/scram.js';
import { credentialsOf, parseRoles, Users, type User } from '../auth/users.js';
import { rolesInfo } from './roles.js';

const { anything, array, document, flag, looseFlag, required, text } = fields;

type Run = Command['run'];
type Args = Parameters<Run>[0];

function listOf(args: Args, name: string): unknown[] {
  const value = args.value(name);
  if (value === undefined) return [];
  return Object.values(decodeDocument(value.document));
}

/** @throws ElmoError BadValue */
function mechanismsOf(args: Args): readonly ScramMechanism[] {
  if (!args.has('mechanisms')) return SCRAM_MECHANISMS;
  const given = listOf(args, 'mechanisms');
  for (const name of given)
    if (!(SCRAM_MECHANISMS as readonly unknown[]).includes(name))
      throw new ElmoError('BadValue', `Unknown auth mechanism '${String(name)}'`);
  if (given.length === 0) throw new ElmoError('BadValue', 'mechanisms field must not be empty');
  return given as ScramMechanism[];
}

function passwordOf(args: Args): string {
  const password = args.text('pwd')!;
  if (password === '') throw new ElmoError('BadValue', 'Password cannot be empty');
  return password;
}

function writeUser(into: ReplyWriter, user: User, showsCredentials: boolean): void {
  into.text('_id', `${user.db}.${user.user}`).text('user', user.user).text('db', user.db);
  if (showsCredentials)
    into.object('credentials', (inner) => {
      for (const [mechanism, credential] of Object.entries(user.credentials))
        inner.object(mechanism, (of) =>
          of
            .int32('iterationCount', credential.iterationCount)
            .text('salt', credential.salt)
            .text('storedKey', credential.storedKey)
            .text('serverKey', credential.serverKey),
        );
    });
  into.objects('roles', user.roles, ({ role, db }, of) => of.text('role', role).text('db', db));
  into.texts('mechanisms', Object.keys(user.credentials));
}

/** The same, for who has the file open in this process. */
export function fileUserCommands(engine: Engine): readonly Command[] {
  return userCommands(new Users(engine));
}

export function userCommands(users: Users): readonly Command[] {
  const command = (name: string, help: string, own: Record<string, fields.FieldRule>, run: Run): Command => ({
    name,
    help,
    target: 'any',
    fields: own,
    takesWriteConcern: name !== 'usersInfo',
    ...(Object.hasOwn(own, 'pwd') ? { secrets: ['pwd'] } : {}),
    run,
  });
  const changeRoles = (
    name: string,
    change: (user: User, roles: ReturnType<typeof parseRoles>) => User['roles'],
  ): Command =>
    command(
      name,
      'changes the roles of a user',
      { [name]: required(text), roles: required(array) },
      async (args, context) => {
        const user = users.expect(context.db, args.text(name)!);
        const roles = parseRoles(listOf(args, 'roles'), context.db);
        await users.put({ ...user, roles: change(user, roles) });
      },
    );
  return [
    command(
      'createUser',
      'makes a user',
      {
        createUser: required(text),
        pwd: required(text),
        roles: required(array),
        customData: document,
        mechanisms: array,
        digestPassword: flag,
        authenticationRestrictions: array,
      },
      async (args, context) => {
        const name = args.text('createUser')!;
        if (name === '') throw new ElmoError('BadValue', "User document needs 'user' field to be non-empty");
        const roles = parseRoles(listOf(args, 'roles'), context.db);
        const mechanisms = mechanismsOf(args);
        if (users.get(context.db, name) !== undefined)
          throw new ElmoError(51003, `User "${name}@${context.db}" already exists`);
        const customData = args.document('customData');
        await users.put({
          user: name,
          db: context.db,
          roles,
          credentials: await credentialsOf(
            name,
            passwordOf(args),
            mechanisms,
            context.engine.state.scramIterations,
          ),
          ...(customData === undefined ? {} : { customData: decodeDocument(customData) }),
        });
      },
    ),
    command(
      'updateUser',
      'changes password, roles or data of a user',
      {
        updateUser: required(text),
        pwd: text,
        roles: array,
        customData: document,
        mechanisms: array,
        digestPassword: flag,
        authenticationRestrictions: array,
      },
      async (args, context) => {
        const user = users.expect(context.db, args.text('updateUser')!);
        if (!['pwd', 'roles', 'customData', 'mechanisms'].some((field) => args.has(field)))
          throw new ElmoError('BadValue', 'Must specify at least one field to update in updateUser');
        const customData = args.document('customData');
        await users.put({
          ...user,
          ...(args.has('roles') ? { roles: parseRoles(listOf(args, 'roles'), context.db) } : {}),
          ...(args.has('pwd')
            ? {
                credentials: await credentialsOf(
                  user.user,
                  passwordOf(args),
                  mechanismsOf(args),
                  context.engine.state.scramIterations,
                ),
              }
            : {}),
          ...(customData === undefined ? {} : { customData: decodeDocument(customData) }),
        });
      },
    ),
    command('dropUser', 'removes a user', { dropUser: required(text) }, async (args, context) => {
      const { user, db } = users.expect(context.db, args.text('dropUser')!);
      await users.remove(db, user);
    }),
    command(
      'dropAllUsersFromDatabase',
      'removes all users of a database',
      { dropAllUsersFromDatabase: anything },
      async (_args, context, reply) => {
        const own = users.all().filter(({ db }) => db === context.db);
        for (const { db, user } of own) await users.remove(db, user);
        reply.int32('n', own.length);
      },
    ),
    changeRoles('grantRolesToUser', (user, roles) => [
      ...user.roles,
      ...roles.filter((role) => !user.roles.some((own) => own.role === role.role && own.db === role.db)),
    ]),
    changeRoles('revokeRolesFromUser', (user, roles) =>
      user.roles.filter((own) => !roles.some((role) => own.role === role.role && own.db === role.db)),
    ),
    rolesInfo,
    command(
      'usersInfo',
      'users and their roles',
      {
        usersInfo: anything,
        showCredentials: flag,
        showPrivileges: looseFlag,
        showCustomData: flag,
        filter: document,
        showAuthenticationRestrictions: anything,
      },
      (args, context, reply) => {
        const isAsked = asked(args, context.db);
        reply.objects('users', users.all().filter(isAsked), (user, into) =>
          writeUser(into, user, args.flag('showCredentials')),
        );
      },
    ),
  ];
}

/** Whom usersInfo is about: 1 for all of a database, a name, {user, db}, or a list of these. */
function asked(args: Args, db: string): (user: User) => boolean {
  const plain = plainJs(args.value('usersInfo')!);
  const isOne =
    (each: unknown) =>
    (user: User): boolean => {
      if (typeof each === 'string') return user.user === each && user.db === db;
      if (typeof each !== 'object' || each === null)
        throw new ElmoError(
          'BadValue',
          'usersInfo takes 1, a name, a document of user and db, or a list of these',
        );
      const { user: name, db: own, forAllDBs } = each as Document;
      return forAllDBs === true || (user.user === name && user.db === own);
    };
  if (Array.isArray(plain)) return (user) => plain.some((each) => isOne(each)(user));
  if (typeof plain === 'number') return (user) => user.db === db;
  return isOne(plain);
}
