/** What the laboratory has to know of a command. */
import { EJSON, type Document } from '../../elmo/bson/package.js';

export function without(command: Document, names: ReadonlySet<string>): Document {
  return Object.fromEntries(Object.entries(command).filter(([name]) => !names.has(name)));
}

/** Whether a command reads the view `v`, or a stage of it does. */
export function asksView(command: Document): boolean {
  return /"(find|aggregate|from|coll|\$unionWith)":"v"/.test(JSON.stringify(command));
}

/** Whether a command that only reads asks for what is at a position of an array. */
export function asksPosition(command: Document): boolean {
  return reads(command) && namesPosition(askedBy(command));
}

/** Whether a command that only reads compares what may be missing with something above or below that. */
export function asksOfMissing(command: Document): boolean {
  return reads(command) && /"\$(minKey|maxKey|expr)"/.test(EJSON.stringify(askedBy(command)));
}

export function reads(command: Document): boolean {
  const isReading = ['find', 'count', 'aggregate'].some(
    (name) => command[name] === 'c' || command[name] === 'v',
  );
  return isReading && !('min' in command || 'max' in command);
}

function askedBy(command: Document): unknown {
  return command['filter'] ?? command['query'] ?? command['pipeline'] ?? {};
}

export const isWildcard = (path: string): boolean => path.endsWith('$**');
export const isOfPosition = (path: string): boolean => /\.\d+(\.|$)/.test(path) || isWildcard(path);

/** Whether a filter or an expression is about a position, by a field's name or a path with a dollar. */
function namesPosition(part: unknown): boolean {
  if (typeof part === 'string') return part.startsWith('$') && isOfPosition(part);
  if (typeof part !== 'object' || part === null) return false;
  return Object.entries(part).some(([name, inner]) => isOfPosition(name) || namesPosition(inner));
}
