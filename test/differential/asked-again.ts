/** A command in other words, which show what the reference's answer to it depends on. */
import { MaxKey, MinKey, type Document } from '../../elmo/bson/package.js';

/** The same aggregation for a reference that may not rearrange its stages. */
export function unoptimized(command: Document): Document | undefined {
  const pipeline = command['pipeline'] as Document[] | undefined;
  if (pipeline === undefined || 'create' in command) return undefined;
  const apart = pipeline.flatMap((stage, i) =>
    i === 0 ? [stage] : [{ $_internalInhibitOptimization: {} }, stage],
  );
  return { ...command, pipeline: apart };
}

/** What an aggregation writes, as one that reads; undefined if it is none that writes at its end. */
export function withoutWriting(command: Document): Document | undefined {
  const pipeline = command['pipeline'] as Document[] | undefined;
  const last = pipeline?.at(-1);
  if (last === undefined || !('$out' in last || '$merge' in last)) return undefined;
  return { ...command, pipeline: pipeline!.slice(0, -1) };
}

const wrapped = (path: string): Document => ({
  $switch: {
    branches: [new MinKey(), new MaxKey()].map((bound) => ({
      case: { $eq: [path, bound] },
      then: { $literal: { '': bound } },
    })),
    default: path,
  },
});

/**
 * The same aggregation with {'': MinKey} for MinKey, and so for MaxKey, in what stages get of a `$group`.
 * @returns undefined if none gets any
 */
export function withBoundsWrapped(command: Document): Document | undefined {
  const stages = command['pipeline'] as Document[] | undefined;
  if (stages === undefined) return undefined;
  const pipeline = stages.flatMap((stage, i) => {
    const next = stages[i + 1];
    const fields = Object.keys((stage['$group'] ?? {}) as Document);
    if (fields.length === 0 || next === undefined || '$group' in next) return [stage];
    return [stage, { $set: Object.fromEntries(fields.map((name) => [name, wrapped(`$${name}`)])) }];
  });
  return pipeline.length === stages.length ? undefined : { ...command, pipeline };
}

/** The same in one batch. */
export function withoutBatches({ batchSize: _, ...command }: Document): Document {
  return 'cursor' in command ? { ...command, cursor: {} } : command;
}

/**
 * The same, but that expressions look for the values of variables in lists, not for those of fields: `{$in: ['$a', […]]}` is
 * `{$let: {vars: {field: '$a'}, in: {$in: ['$$field', […]]}}}`.
 * @returns undefined if there are no such
 */
export function withFieldsHidden(command: Document): Document | undefined {
  const hidden = replaced(command, (name, argument) =>
    name === '$in' && Array.isArray(argument) && isFieldOfList(argument)
      ? { $let: { vars: { field: argument[0] as string }, in: { $in: ['$$field', argument[1]] } } }
      : undefined,
  );
  return hidden === command ? undefined : (hidden as Document);
}

/**
 * The same, but that a hash of the whole document is shown beside the document.
 * @returns undefined if there are no such
 */
export function withHashesShown(command: Document): Document | undefined {
  const shown = replaced(command, (name, argument) =>
    name === '$toHashedIndexKey' && argument === '$$ROOT'
      ? { hashed: '$$ROOT', hash: { $toHashedIndexKey: '$$ROOT' } }
      : undefined,
  );
  return shown === command ? undefined : (shown as Document);
}

const MOST_SETTLED = 4;

/**
 * The same with conditions that are expressions settled, each of them to be true or false, in all combinations.
 * @returns [] if there are none, or too many
 */
export function withConditionsSettled(command: Document): Document[] {
  const count = JSON.stringify(command).split('"$expr":').length - 1;
  if (count === 0 || count > MOST_SETTLED) return [];
  return Array.from({ length: 2 ** count }, (_, choice) => {
    let next = 0;
    const settled = (part: unknown): unknown => {
      if (Array.isArray(part)) return part.map(settled);
      if (typeof part !== 'object' || part === null || Object.getPrototypeOf(part) !== Object.prototype)
        return part;
      return Object.fromEntries(
        Object.entries(part).map(([name, inner]) => [
          name,
          name === '$expr' ? ((choice >> next++) & 1) === 1 : settled(inner),
        ]),
      );
    };
    return settled(command) as Document;
  });
}

/**
 * A part of a command with other expressions in place of some; itself if there are none.
 * @param instead  what stands instead of an operator and its argument; undefined: it stays
 */
function replaced(part: unknown, instead: (name: string, argument: unknown) => unknown): unknown {
  if (Array.isArray(part)) {
    const parts = part.map((each: unknown) => replaced(each, instead));
    return parts.some((each, i) => each !== part[i]) ? parts : part;
  }
  if (typeof part !== 'object' || part === null || Object.getPrototypeOf(part) !== Object.prototype)
    return part;
  const entries = Object.entries(part);
  const [first] = entries;
  const other = first === undefined ? undefined : instead(...first);
  if (other !== undefined) return other;
  const parts = entries.map(([name, inner]) => [name, replaced(inner, instead)] as const);
  return parts.some(([, inner], i) => inner !== entries[i]![1]) ? Object.fromEntries(parts) : part;
}

function isFieldOfList(operands: readonly unknown[]): boolean {
  const [field] = operands;
  return operands.length === 2 && typeof field === 'string' && /^\$[^$]/.test(field);
}
