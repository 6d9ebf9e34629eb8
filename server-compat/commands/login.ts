/** saslStart, saslContinue, logout, and the login inside hello. */
import { randomBytes } from 'node:crypto';
import { ElmoError, fields, type Command, type Document, type Engine } from '../../elmo/index.js';
import { AUTHENTICATION_FAILED, FailurePace, Login, type LoginStep } from '../auth/logins.js';
import { SCRAM_MECHANISMS, ScramError, type ScramMechanism } from '../auth/scram.js';
import { Users } from '../auth/users.js';
import type { Connection } from '../connection/connection.js';

const { anything, document, required, text } = fields;
const CONVERSATION_ID = 1;

const payloadField: fields.FieldRule = { types: [0x05, 0x02], skipsNull: false, isRequired: true };

export class Logins {
  readonly users: Users;
  private readonly pace: FailurePace;
  private readonly secret = randomBytes(32);

  constructor(private readonly engine: Engine) {
    this.users = new Users(engine);
    this.pace = new FailurePace(() => engine.clock.nowMs());
  }

  /** @throws ElmoError MechanismUnavailable, AuthenticationFailed */
  start(
    connection: Connection,
    db: string,
    mechanism: string,
    payload: string,
    skipsEmpty: boolean,
  ): Promise<LoginStep> {
    if (!(SCRAM_MECHANISMS as readonly string[]).includes(mechanism))
      throw new ElmoError(
        'MechanismUnavailable',
        `Received authentication for mechanism ${mechanism} which is not enabled`,
      );
    const login = new Login(mechanism as ScramMechanism, db, this.users, this.secret, skipsEmpty);
    connection.authentication = login;
    return this.step(connection, () => login.start(payload));
  }

  continue(connection: Connection, payload: string): Promise<LoginStep> {
    const login = connection.authentication;
    if (!(login instanceof Login)) throw new ElmoError('ProtocolError', 'No SASL session state found');
    return this.step(connection, () => login.continue(payload));
  }

  private async step(connection: Connection, run: () => LoginStep): Promise<LoginStep> {
    const address = connection.remote.replace(/:\d+$/, '');
    for (let waitMs = this.pace.waitMs(address); waitMs > 0; waitMs = this.pace.waitMs(address))
      await this.engine.clock.sleep(waitMs);
    try {
      const step = run();
      if (step.isDone) {
        connection.authentication = undefined;
        this.pace.succeeded(address);
        const { user } = step;
        if (user !== undefined) connection.logIn({ user: user.user, db: user.db, roles: user.roles });
      }
      return step;
    } catch (error) {
      connection.authentication = undefined;
      if (!(error instanceof ScramError)) throw error;
      this.pace.failed(address);
      throw AUTHENTICATION_FAILED();
    }
  }

  /** What `hello` answers to a login it carries: nothing if it cannot be begun. */
  async speculate(connection: Connection, given: Document): Promise<LoginStep | undefined> {
    const { mechanism, payload, db } = given;
    const bytes = payload as { buffer?: Uint8Array } | undefined;
    if (typeof mechanism !== 'string' || typeof db !== 'string' || bytes?.buffer === undefined)
      return undefined;
    try {
      const skips = (given['options'] as Document | undefined)?.['skipEmptyExchange'] === true;
      return await this.start(connection, db, mechanism, Buffer.from(bytes.buffer).toString('utf8'), skips);
    } catch {
      return undefined;
    }
  }

  /** Mechanisms by which 'db.user' may log in. */
  mechanismsOf(name: string): readonly string[] {
    const dot = name.indexOf('.');
    const user = this.users.get(name.slice(0, dot), name.slice(dot + 1));
    return user === undefined ? [] : Object.keys(user.credentials);
  }
}

function payloadText(args: {
  value(name: string): { bytes: Uint8Array; at: number; end: number; type: number; text: string } | undefined;
}): string {
  const value = args.value('payload')!;
  return value.type === 0x02
    ? value.text
    : Buffer.from(value.bytes.subarray(value.at + 5, value.end)).toString('utf8');
}

export function loginCommands(logins: Logins): readonly Command[] {
  const answer = (step: LoginStep, reply: Parameters<Command['run']>[2]): void => {
    reply
      .int32('conversationId', CONVERSATION_ID)
      .bool('done', step.isDone)
      .binary('payload', Buffer.from(step.payload));
  };
  return [
    {
      name: 'saslStart',
      help: 'begins a login',
      target: 'any',
      fields: {
        saslStart: anything,
        mechanism: required(text),
        payload: payloadField,
        options: document,
        autoAuthorize: anything,
      },
      secrets: ['payload'],
      ignoresUnknown: true,
      async run(args, context, reply) {
        const skips = args.struct('options')?.flag('skipEmptyExchange') ?? false;
        answer(
          await logins.start(
            context.client as Connection,
            context.db,
            args.text('mechanism')!,
            payloadText(args),
            skips,
          ),
          reply,
        );
      },
    },
    {
      name: 'saslContinue',
      help: 'goes on with a login',
      target: 'any',
      fields: { saslContinue: anything, conversationId: anything, payload: payloadField },
      secrets: ['payload'],
      ignoresUnknown: true,
      async run(args, context, reply) {
        answer(await logins.continue(context.client as Connection, payloadText(args)), reply);
      },
    },
    {
      name: 'logout',
      help: 'ends the login of this connection',
      target: 'any',
      fields: { logout: anything },
      run(_args, context) {
        (context.client as Connection).logOut(context.db);
      },
    },
  ];
}
