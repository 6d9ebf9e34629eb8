/**
 * `$listLocalSessions`, `$listSessions`: a row for each session, of the one who asks, of the users named, or of all.
 * Source: MongoDB manual, "$listLocalSessions".
 */
import { createHash } from 'node:crypto';
import { Binary, UUID } from '../../bson/package.js';
import { ARRAY, BOOL, OBJECT, STRING, TYPE_NAMES } from '../../bson/types.js';
import { dateValue, MISSING_VALUE, stringValue, valueOf, type Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import type { RowSource } from '../../operation/row-source.js';
import { argumentsOf, elementsOf, objectValue } from '../arguments.js';
import type { SessionRow } from '../../session/session-context.js';
import { ListRows } from '../rows.js';
import type { PipelineRun, Stage, StageContext, StageOperators } from '../stage.js';

/** Whose sessions: 'own' or 'all', or of these users, each as 'name@db'. */
type Chosen = 'own' | 'all' | ReadonlySet<string>;

class ListSessionsStage implements Stage {
  readonly changedPaths = undefined;
  readonly isOneToOne = false;
  readonly makesRows = true;
  readonly ignoresViews = true;

  constructor(
    readonly name: string,
    readonly argument: Value,
    private readonly chosen: Chosen,
  ) {}

  open(input: RowSource, { collections: { facts } }: PipelineRun): RowSource {
    input.close();
    const sessions = facts.sessions();
    if (sessions === undefined)
      throw new ElmoError(
        31111,
        `The ${this.name} stage is not allowed in this context :: missing a LogicalSessionCache`,
      );
    return new ListRows(sessions.filter((session) => this.isChosen(session, facts.asker)).map(rowOf));
  }

  private isChosen({ user }: SessionRow, asker: string | undefined): boolean {
    const { chosen } = this;
    if (chosen === 'all') return true;
    return chosen === 'own' ? user === asker : user !== undefined && chosen.has(user);
  }

  addDependencies(): boolean {
    return true;
  }
}

function rowOf({ lsid, user, usedMs }: SessionRow): Uint8Array {
  const id = objectValue(
    [
      ['id', valueOf(new UUID(lsid))],
      [
        'uid',
        valueOf(
          new Binary(
            createHash('sha256')
              .update(user ?? '')
              .digest(),
          ),
        ),
      ],
    ],
    OBJECT,
  );
  return objectValue(
    [
      ['_id', id],
      ['lastUse', dateValue(usedMs)],
      ['user', user === undefined ? MISSING_VALUE : stringValue(user)],
    ],
    OBJECT,
  ).bytes;
}

function wrongType(path: string, value: Value, expected: string): ElmoError {
  return new ElmoError(
    'TypeMismatch',
    `BSON field '${path}' is the wrong type '${TYPE_NAMES.get(value.type)}', expected type '${expected}'`,
  );
}

function userOf(element: Value, path: string): string {
  if (element.type !== OBJECT) throw wrongType(path, element, 'object');
  const given = argumentsOf(element);
  for (const [name, value] of given) {
    if (name !== 'user' && name !== 'db')
      throw new ElmoError('IDLUnknownField', `BSON field '${path}.${name}' is an unknown field.`);
    if (value.type !== STRING) throw wrongType(`${path}.${name}`, value, 'string');
  }
  for (const name of ['user', 'db'])
    if (!given.has(name))
      throw new ElmoError('IDLFailedToParse', `BSON field '${path}.${name}' is missing but a required field`);
  return `${given.get('user')!.text}@${given.get('db')!.text}`;
}

function parseChosen(argument: Value, stage: string): Chosen {
  if (argument.type !== OBJECT)
    throw new ElmoError(
      'TypeMismatch',
      `${stage} options must be specified in an object, but found: ${TYPE_NAMES.get(argument.type)}`,
    );
  let isForAll = false;
  let users: string[] = [];
  for (const [name, value] of argumentsOf(argument)) {
    const path = `${stage}.${name}`;
    if (name === 'allUsers') {
      if (value.type !== BOOL) throw wrongType(path, value, 'bool');
      isForAll = value.bytes[value.at] === 1;
    } else if (name === 'users') {
      if (value.type !== ARRAY) throw wrongType(path, value, 'array');
      users = elementsOf(value).map((element, i) => userOf(element, `${path}.${i}`));
    } else throw new ElmoError('IDLUnknownField', `BSON field '${path}' is an unknown field.`);
  }
  if (isForAll && users.length > 0)
    throw new ElmoError('UnsupportedFormat', `${stage} may not specify {allUsers:true} and {users:[...]}`);
  return isForAll ? 'all' : users.length > 0 ? new Set(users) : 'own';
}

function parseListSessions(argument: Value, { namespace }: StageContext): Stage {
  if (namespace.db !== 'config' || namespace.collection !== 'system.sessions')
    throw new ElmoError('InvalidNamespace', '$listSessions may only be run against config.system.sessions');
  const kept = argument.keep();
  return new ListSessionsStage('$listSessions', kept, parseChosen(kept, '$listSessions'));
}

function parseListLocalSessions(argument: Value): Stage {
  const kept = argument.keep();
  return new ListSessionsStage('$listLocalSessions', kept, parseChosen(kept, '$listLocalSessions'));
}

export const sessionStages: StageOperators = {
  $listSessions: {
    position: 'first',
    parse: (argument, context) => [parseListSessions(argument, context)],
  },
  $listLocalSessions: {
    position: 'first',
    onDatabase: 'only',
    parse: (argument) => [parseListLocalSessions(argument)],
  },
};
