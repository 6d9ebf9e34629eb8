/** The array filters of an update: `{'x.b': {$gt: 1}}` says which elements `$[x]` stands for. */
import { readText } from '../bson/read.js';
import { endOfValue, ElementWalker } from '../bson/walk.js';
import { BsonWriter } from '../bson/writer.js';
import type { CollationSpec } from '../collation/collation.js';
import { ElmoError } from '../errors.js';
import type { ParseScope } from '../expression/expression.js';
import { compileFilter } from '../query/compile.js';
import type { FilterNode, Matcher } from '../query/filter.js';
import { parseFilter } from '../query/parse.js';

/** What conditions on elements of arrays cannot ask. */
export const FORBIDDEN_IN_ELEMENTS: ReadonlySet<string> = new Set([
  '$expr',
  '$jsonSchema',
  '$where',
  '$text',
  '$near',
  '$nearSphere',
  '$geoNear',
]);

/** Asks a filter about values: each is shown as the one field of a document. */
export class ElementFilter {
  private readonly matcher: Matcher;
  private readonly name: Uint8Array;
  private readonly writer = new BsonWriter();

  constructor(node: FilterNode, name: string, collation: CollationSpec | undefined) {
    this.matcher = compileFilter(node, { collation });
    this.name = Buffer.from(name);
  }

  matches(bytes: Uint8Array, type: number, valueStart: number): boolean {
    const { writer } = this;
    writer.clear();
    const start = writer.beginDocument();
    writer.writeName(type, this.name);
    writer.writeRange(bytes, valueStart, endOfValue(bytes, type, valueStart));
    writer.endDocument(start);
    return this.matcher.matches(writer.bytes, 0);
  }
}

const FILTER_NAME = /^[a-z][a-zA-Z0-9]*$/;

export class ArrayFilters {
  private readonly filters = new Map<string, ElementFilter>();
  private readonly unused = new Set<string>();

  /** @throws ElmoError FailedToParse, BadValue */
  constructor(
    raws: readonly Uint8Array[],
    collation: CollationSpec | undefined,
    scope: ParseScope | undefined,
  ) {
    for (const raw of raws) {
      const node = explained(() =>
        parseFilter(raw, {
          collation,
          forbidden: FORBIDDEN_IN_ELEMENTS,
          ...(scope === undefined ? {} : { scope }),
        }),
      );
      const name = nameOf(node, raw);
      if (this.filters.has(name))
        throw new ElmoError(
          'FailedToParse',
          `Found multiple array filters with the same top-level field name ${name}`,
        );
      this.filters.set(name, new ElementFilter(node, name, collation));
      this.unused.add(name);
    }
  }

  /** @throws ElmoError BadValue if there is none of that name */
  use(name: string, path: string): ElementFilter {
    const filter = this.filters.get(name);
    if (filter === undefined)
      throw new ElmoError('BadValue', `No array filter found for identifier '${name}' in path '${path}'`);
    this.unused.delete(name);
    return filter;
  }

  /** @throws ElmoError FailedToParse */
  refuseUnused(): void {
    for (const name of this.unused)
      throw new ElmoError(
        'FailedToParse',
        `The array filter for identifier '${name}' was not used in the update`,
      );
  }
}

const WHERE = 'Error parsing array filter :: caused by :: ';

/** Runs a part of parsing; its refusals say where it was. */
function explained<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof ElmoError)) throw error;
    throw new ElmoError(error.code, WHERE + error.message, error.details);
  }
}

/** The one name that all paths of an array filter start with. */
function nameOf(node: FilterNode, raw: Uint8Array): string {
  const names = new Set<string>();
  addNames(node, names);
  const [name, other] = names;
  if (name === undefined)
    throw new ElmoError(
      'FailedToParse',
      'Cannot use an expression without a top-level field name in arrayFilters',
    );
  if (other !== undefined)
    throw new ElmoError(
      'FailedToParse',
      `${WHERE}Expected a single top-level field name, found '${name}' and '${other}'`,
    );
  if (!FILTER_NAME.test(name))
    throw new ElmoError(
      'BadValue',
      `${WHERE}The top-level field name must be an alphanumeric string beginning with a lowercase letter, found '${firstName(raw)}'`,
    );
  return name;
}

function firstName(raw: Uint8Array): string {
  const walker = new ElementWalker();
  walker.open(raw, 0);
  return walker.next() ? readText(raw, walker.nameStart, walker.nameEnd) : '';
}

function addNames(node: FilterNode, into: Set<string>): void {
  if ('path' in node) into.add(node.path.split('.')[0]!);
  else if (node.kind === 'not') addNames(node.child, into);
  else if ('children' in node) for (const child of node.children) addNames(child, into);
}
