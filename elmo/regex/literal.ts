/** The plain text a pattern starts with. */
import { formsOf } from './letter-case.js';
import type { PatternNode } from './pattern.js';

export interface Literal {
  readonly text: string;
  /** Whether it stands at the start of the subject. */
  readonly isAnchored: boolean;
  /** Whether there is nothing but it (`.*` at the end of an anchored one aside). */
  readonly isWhole: boolean;
}

export function findLiteral(root: PatternNode): Literal {
  const items = root.kind === 'sequence' ? root.items : [root];
  const first = items[0];
  const isAnchored = first !== undefined && first.kind === 'place' && first.place === 'subjectStart';
  let text = '';
  let at = isAnchored ? 1 : 0;
  for (; at < items.length; at++) {
    const item = items[at]!;
    if (item.kind !== 'character' || (item.isCaseless && formsOf(item.code).length > 1)) break;
    text += String.fromCodePoint(item.code);
  }
  const isWhole = at === items.length || (isAnchored && at === items.length - 1 && matchesAll(items[at]!));
  return { text, isAnchored, isWhole };
}

/** `.*` also where `.` is no newline: it need not reach the end of the text. */
function matchesAll(node: PatternNode): boolean {
  return node.kind === 'repeat' && node.min === 0 && node.max === Infinity && node.child.kind === 'any';
}
