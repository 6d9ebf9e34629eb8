/** Spans to read into, used again: they are made of typed arrays, which take longer to make than a short scan. */
import { EntrySpan } from '../../lsm/index.js';

const MOST_KEPT = 8;
const kept: EntrySpan[] = [];
const NO_BYTES = new Uint8Array(0);

/** An empty one. */
export function takeSpan(): EntrySpan {
  return kept.pop() ?? new EntrySpan();
}

/** Takes back one that nobody looks at any more. */
export function giveSpan(span: EntrySpan): void {
  span.count = 0;
  span.bytes = NO_BYTES;
  if (kept.length < MOST_KEPT) kept.push(span);
}
