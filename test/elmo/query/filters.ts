/** What tests of filters share. */
import { encodeDocument } from '../../../elmo/bson/encode.js';
import { compileFilter, type CompileOptions } from '../../../elmo/query/compile.js';
import type { FilterContext, Matcher } from '../../../elmo/query/filter.js';
import { parseFilter } from '../../../elmo/query/parse.js';
import { openScope } from '../../../elmo/expression/scope.js';

export const context: FilterContext = {
  collation: undefined,
  scope: openScope({ nowMs: 0, random: () => 0.25 }),
};

export function matcherOf(filter: object, options: CompileOptions = {}): Matcher {
  const node = parseFilter(encodeDocument(filter), { ...context, collation: options.collation });
  return compileFilter(node, options);
}

export function matches(filter: object, document: object): boolean {
  return matcherOf(filter).matches(encodeDocument(document), 0);
}
