/** The command `profile`: which commands of a database the profiler writes down. */
import { DOUBLE, INT32, INT64, OBJECT, STRING } from '../../bson/types.js';
import type { Value } from '../../bson/value.js';
import type { ProfileSettings } from '../../engine/server-state.js';
import { parseRequestFilter } from '../../engine/reading.js';
import { ElmoError } from '../../errors.js';
import { openScope } from '../../expression/scope.js';
import { compileFilter } from '../../query/compile.js';
import type { Command, CommandContext } from '../command.js';
import { integer, required, strict, type FieldRule } from '../fields.js';
import { makeProfileCollection } from '../profiler.js';

/** A filter, or 'unset'. */
const profileFilter: FieldRule = {
  types: [OBJECT, STRING],
  skipsNull: true,
  isRequired: false,
  check(value) {
    if (value.type === STRING && value.text !== 'unset')
      throw new ElmoError('BadValue', "Expected an object, or the string 'unset'.");
  },
};

/** @throws ElmoError if it is no filter */
function parseProfileFilter(value: Value, { engine }: CommandContext): ProfileSettings['filter'] {
  if (value.type === STRING) return undefined;
  const raw = value.document.slice();
  const scope = openScope({ nowMs: engine.clock.wallMs(), random: engine.random });
  return { raw, matcher: compileFilter(parseRequestFilter(raw, undefined, scope)) };
}

export const profile: Command = {
  name: 'profile',
  help: 'which commands of a database are written to system.profile',
  target: 'any',
  fields: {
    profile: required(strict(integer())),
    slowms: integer(),
    sampleRate: { types: [DOUBLE, INT32, INT64, 0x13], skipsNull: true, isRequired: false },
    filter: profileFilter,
  },
  run(args, context, reply) {
    const { engine, db } = context;
    const { state } = engine;
    const before = state.profiles.get(db) ?? { level: 0, filter: undefined };
    reply.int32('was', before.level).int32('slowms', state.slowMs).double('sampleRate', state.sampleRate);
    if (before.filter !== undefined)
      reply
        .document('filter', before.filter.raw)
        .text('note', 'When a filter expression is set, slowms and sampleRate are not used.');
    const sampleRate = args.double('sampleRate');
    if (sampleRate !== undefined && !(sampleRate >= 0 && sampleRate <= 1))
      throw new ElmoError('BadValue', `'sampleRate' must be between 0.0 and 1.0 inclusive`);
    const given = args.value('filter');
    const filter = given === undefined ? before.filter : parseProfileFilter(given, context);
    const asked = args.number('profile')!;
    const level = asked >= 0 && asked <= 2 ? asked : before.level;
    state.slowMs = args.number('slowms') ?? state.slowMs;
    state.sampleRate = sampleRate ?? state.sampleRate;
    const isSet = level > 0 || filter !== undefined;
    if (isSet) state.profiles.set(db, { level, filter });
    else state.profiles.delete(db);
    return level > 0 ? makeProfileCollection(engine, db) : undefined;
  },
};
