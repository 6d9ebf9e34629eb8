/** Patterns in JavaScript's notation, loaded when the first is translated (docs/decisions/0015-loaded-late.md). */
import * as translation from './translate.js';

export const lateTranslate = (): typeof translation => translation;
