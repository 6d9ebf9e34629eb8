/** Commands that start, keep and end sessions. */
import { createHash } from 'node:crypto';
import { readInt32 } from '../../bson/read.js';
import { ARRAY, BINARY, NULL, OBJECT, UNDEFINED } from '../../bson/types.js';
import type { Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import type { SessionOwner } from '../../session/session-context.js';
import type { SessionFacts } from '../../session/session-registry.js';
import { Arguments, elementsOf, parseFields } from '../arguments.js';
import type { Command, CommandContext } from '../command.js';
import { sessionIdOf, SESSION_FIELDS } from '../common-fields.js';
import { anything, binary, required, text, typeName, type FieldRule, type Fields } from '../fields.js';

const isNull = ({ type }: Value): boolean => type === NULL || type === UNDEFINED;

/** An array of documents of declared fields; elements that are null are passed over. */
function documentsOf(fields: Fields): FieldRule {
  return {
    types: [ARRAY],
    skipsNull: true,
    isRequired: false,
    check(value, path, command) {
      elementsOf(value).forEach((element, i) => {
        const where = `${path}.${i}`;
        if (isNull(element)) return;
        if (element.type !== OBJECT)
          throw new ElmoError(
            'TypeMismatch',
            `BSON field '${where}' is the wrong type '${typeName(element.type)}', expected type 'object'`,
          );
        parseFields(element, fields, where, command);
      });
    },
  };
}

function given(args: Arguments, name: string): readonly Value[] {
  return args.elements(name).filter((element) => !isNull(element));
}

const sessionIds = required(documentsOf({ id: SESSION_FIELDS['id']!, uid: binary }));

const startSession: Command = {
  name: 'startSession',
  help: 'starts a session',
  target: 'any',
  fields: { startSession: anything },
  run(_args, { engine, client }, reply) {
    const { sessions } = engine;
    const lsid = sessions.newId();
    sessions.touch(lsid, client.users?.[0]);
    reply.object('id', (into) => into.binary('id', Buffer.from(lsid, 'hex'), UUID));
    reply.int32('timeoutMinutes', sessions.timeoutMinutes);
  },
};

const UUID = 4;

/** A command about the sessions whose ids it lists. */
function listingCommand(
  name: string,
  help: string,
  act: (context: CommandContext, lsid: string) => void,
  more: Partial<Command> = {},
): Command {
  return {
    name,
    help,
    target: 'any',
    fields: { [name]: sessionIds },
    run(args, context) {
      for (const lsid of given(args, name)) act(context, sessionIdOf(lsid));
    },
    ...more,
  };
}

const endSessions = listingCommand(
  'endSessions',
  'ends sessions that their clients use no more',
  ({ engine }, lsid) => engine.sessions.end(lsid),
  { isStable: true },
);

const refreshSessions = listingCommand(
  'refreshSessions',
  'notes that sessions are still used',
  ({ engine, client }, lsid) => engine.sessions.touch(lsid, client.users?.[0]),
  { isStable: true },
);

/** Without a list: the sessions of whoever asks. */
const killSessions: Command = {
  name: 'killSessions',
  help: 'ends sessions with all that runs in them',
  target: 'any',
  fields: { killSessions: sessionIds },
  ignoresUnknown: true,
  run(args, { engine, client }) {
    const ids = given(args, 'killSessions').map(sessionIdOf);
    const asking = client.users?.[0];
    if (ids.length === 0) engine.sessions.endWhere(({ owner }) => isSame(owner, asking));
    for (const lsid of ids) engine.sessions.end(lsid);
  },
};

function isSame(a: SessionOwner | undefined, b: { user: string; db: string } | undefined): boolean {
  return a?.user === b?.user && a?.db === b?.db;
}

const USER: Fields = { user: required(text), db: required(text) };
const ROLE: Fields = { role: required(text), db: required(text) };

/** What `users` and `roles` list: name and database. */
function pairsOf(values: readonly Value[], field: string): { readonly name: string; readonly db: string }[] {
  return values.map((value) => {
    const args = Arguments.of(value);
    return { name: args.text(field)!, db: args.text('db')! };
  });
}

const killAllSessions: Command = {
  name: 'killAllSessions',
  help: 'ends all sessions, or those of some users',
  target: 'any',
  fields: { killAllSessions: required(documentsOf(USER)) },
  ignoresUnknown: true,
  run(args, { engine }) {
    const users = pairsOf(given(args, 'killAllSessions'), 'user');
    engine.sessions.endWhere(
      ({ owner }) => users.length === 0 || users.some(({ name, db }) => isSame(owner, { user: name, db })),
    );
  },
};

const PATTERN: Fields = {
  lsid: { types: [OBJECT], skipsNull: true, isRequired: false, fields: SESSION_FIELDS },
  uid: binary,
  users: documentsOf(USER),
  roles: documentsOf(ROLE),
};

type Pattern = (session: SessionFacts) => boolean;

/** A hash of the user's name, by which a session is told from that of another with the same id. */
function uidOf(owner: SessionOwner | undefined): Buffer {
  return createHash('sha256')
    .update(owner === undefined ? '' : `${owner.user}@${owner.db}`)
    .digest();
}

function bytesOf({ bytes, at }: Value): Uint8Array {
  return bytes.subarray(at + 5, at + 5 + readInt32(bytes, at));
}

function parsePattern(value: Value): Pattern {
  const args = Arguments.of(value);
  const conditions: Pattern[] = [];
  const lsid = args.value('lsid');
  if (lsid?.type === OBJECT) {
    const id = sessionIdOf(lsid);
    conditions.push((session) => session.lsid === id);
  }
  const uid = args.value('uid');
  if (uid?.type === BINARY) conditions.push(({ owner }) => Buffer.compare(uidOf(owner), bytesOf(uid)) === 0);
  if (args.value('users')?.type === ARRAY) {
    const users = pairsOf(given(args, 'users'), 'user');
    conditions.push(({ owner }) => users.some(({ name, db }) => isSame(owner, { user: name, db })));
  }
  if (args.value('roles')?.type === ARRAY) {
    const roles = pairsOf(given(args, 'roles'), 'role');
    conditions.push(({ owner }) =>
      roles.some(({ name, db }) => owner?.roles.some((role) => role.role === name && role.db === db)),
    );
  }
  return (session) => conditions.every((holds) => holds(session));
}

const killAllSessionsByPattern: Command = {
  name: 'killAllSessionsByPattern',
  help: 'ends all sessions, or those that match a pattern',
  target: 'any',
  fields: { killAllSessionsByPattern: required(documentsOf(PATTERN)) },
  ignoresUnknown: true,
  run(args, { engine }) {
    const patterns = given(args, 'killAllSessionsByPattern').map(parsePattern);
    engine.sessions.endWhere(
      (session) => patterns.length === 0 || patterns.some((matches) => matches(session)),
    );
  },
};

export const sessionCommands: readonly Command[] = [
  startSession,
  endSessions,
  refreshSessions,
  killSessions,
  killAllSessions,
  killAllSessionsByPattern,
];
