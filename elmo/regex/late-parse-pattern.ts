/** Patterns as trees, loaded when the first is parsed (docs/decisions/0015-loaded-late.md). */
import * as patterns from './parse-pattern.js';

export const lateParsePattern = (): typeof patterns => patterns;
