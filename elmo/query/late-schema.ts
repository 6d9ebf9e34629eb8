/** `$jsonSchema`, loaded when the first is parsed (docs/decisions/0015-loaded-late.md). */
import * as schema from './schema/parse.js';

export const lateSchema = (): typeof schema => schema;
