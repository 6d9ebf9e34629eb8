/** Expressions for tests: parse and evaluate in one step, see the type of what comes out. */
import { Encoder } from '../../../elmo/bson/encode.js';
import { EJSON } from '../../../elmo/bson/package.js';
import { exactJs, valueOf, type Value } from '../../../elmo/bson/value.js';
import { ElmoError } from '../../../elmo/errors.js';
import { Frame, type ParseScope } from '../../../elmo/expression/expression.js';
import { parseExpression } from '../../../elmo/expression/parse.js';
import { openScope, type ScopeOptions } from '../../../elmo/expression/scope.js';

export const NOW_MS = Date.UTC(2024, 1, 29);
const encoder = new Encoder();

export function testScope(options: Partial<ScopeOptions> = {}): ParseScope {
  return openScope({ nowMs: NOW_MS, random: () => 0.5, ...options });
}

export function evaluateValue(expression: unknown, document: object = {}, scope = testScope()): Value {
  const parsed = parseExpression(valueOf(expression), scope);
  const frame = new Frame();
  frame.setDocument(encoder.encode(document), 0);
  return parsed.evaluate(frame);
}

/**
 * What the expression gives, as text: canonical extended JSON, 'missing', or 'error 16020'. Errors of constant parts
 * (before any document is seen) and of rows look the same.
 */
export function outcome(expression: unknown, document: object = {}, scope = testScope()): string {
  try {
    const value = evaluateValue(expression, document, scope);
    return value.isMissing ? 'missing' : EJSON.stringify(exactJs(value), { relaxed: false });
  } catch (error) {
    if (error instanceof ElmoError) return `error ${error.code}`;
    throw error;
  }
}

/** The same of a plain value: what `outcome` is expected to be. */
export function shown(value: unknown): string {
  return EJSON.stringify(exactJs(valueOf(value)), { relaxed: false });
}
