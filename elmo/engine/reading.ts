/** What reading requests share: the view they read, the collation, the scope of their expressions. */
import type { ReadView, Snapshot } from '../../lsm/index.js';
import { readText } from '../bson/read.js';
import { timestampValue, Value } from '../bson/value.js';
import { ElementWalker } from '../bson/walk.js';
import type { CatalogEntry } from '../catalog/catalog.js';
import { isSameCollation, type CollationSpec } from '../collation/collation.js';
import { parseCommandCollation } from '../collation/parse.js';
import { ElmoError } from '../errors.js';
import type { ParseScope } from '../expression/expression.js';
import { openScope } from '../expression/scope.js';
import { parseExpression } from '../expression/parse.js';
import { Frame } from '../expression/expression.js';
import type { Operation } from '../operation/operation.js';
import type { TransactionUnit } from '../operation/transaction-unit.js';
import type { RawDocument } from '../operation/requests.js';
import type { FilterNode } from '../query/filter.js';
import { normalizeFilter } from '../query/normalize.js';
import { parseFilter } from '../query/parse.js';

export const EMPTY_DOCUMENT_BYTES: RawDocument = new Uint8Array([5, 0, 0, 0, 0]);

/** Where a request reads: in its session's transaction, or in a snapshot of its own. */
export interface ReadPlace {
  readonly view: ReadView;
  readonly unit: TransactionUnit | undefined;
  /** Who asks, as 'name@db'; undefined: nobody has logged in. */
  readonly asker: string | undefined;
  readonly release: () => void;
}

/** The collation that counts: the one asked for, or that of the collection. */
export function effectiveCollation(
  raw: RawDocument | undefined,
  entry: CatalogEntry | undefined,
): CollationSpec | undefined {
  const given = parseCommandCollation(raw);
  return given === undefined ? entry?.spec.collation : (given ?? undefined);
}

/** @throws ElmoError OptionNotSupportedOnView if a view has another collation than is asked for */
export function checkViewCollation(
  collation: CollationSpec | undefined,
  entry: CatalogEntry | undefined,
): void {
  if (entry?.spec.kind === 'view' && !isSameCollation(collation, entry.spec.collation))
    throw new ElmoError('OptionNotSupportedOnView', "Cannot override a view's default collation");
}

function clusterTimeOf({ clusterTime }: Operation): Value | undefined {
  return clusterTime === undefined ? undefined : timestampValue(clusterTime.seconds, clusterTime.increment);
}

const VARIABLE_NAME = /^[a-z\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*$/;

/** The scope of a request's expressions, with the variables of its `let`. @throws ElmoError */
export function requestScope(
  operation: Operation,
  collation: CollationSpec | undefined,
  letDocument: RawDocument | undefined,
  random: () => number,
): ParseScope {
  const options = {
    collation,
    nowMs: operation.startedMs,
    clusterTime: clusterTimeOf(operation),
    random,
    allowsMeta: () => true,
  };
  if (letDocument === undefined || letDocument.length <= 5) return openScope(options);
  const constants = new Map<string, Value>();
  const walker = new ElementWalker();
  walker.open(letDocument, 0);
  while (walker.next()) {
    const name = readText(letDocument, walker.nameStart, walker.nameEnd);
    if (!VARIABLE_NAME.test(name) && name !== 'CURRENT')
      throw new ElmoError(
        'FailedToParse',
        `'${name}' starts with an invalid character for a user variable name`,
      );
    const scope = openScope({ ...options, constants });
    const expression = parseExpression(new Value(walker.type, letDocument, walker.valueStart), scope);
    const paths = new Set<string>();
    expression.addDependencies(paths);
    if (paths.size > 0)
      throw new ElmoError(
        4890500,
        'Command let Expression tried to access a field, but this is not allowed because command let expressions run before the query examines any documents.',
      );
    constants.set(name, expression.evaluate(new Frame()).keep());
  }
  return openScope({ ...options, constants });
}

/** @throws ElmoError of the reference's codes */
export function parseRequestFilter(
  raw: RawDocument | undefined,
  collation: CollationSpec | undefined,
  scope: ParseScope,
): FilterNode {
  return normalizeFilter(parseFilter(raw ?? EMPTY_DOCUMENT_BYTES, { collation, scope }), collation);
}

/** A view that is given back once. */
export function releaseOnce(view: ReadView): () => void {
  let isReleased = false;
  return () => {
    if (isReleased) return;
    isReleased = true;
    if ('release' in view) (view as Snapshot).release();
  };
}
