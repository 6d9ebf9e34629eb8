/** Checks documents against the validators of their collections. Source: MongoDB manual, "Schema Validation". */
import { FieldFinder, FieldName } from '../bson/walk.js';
import { MISSING_VALUE, Value, writeElement } from '../bson/value.js';
import { BsonWriter } from '../bson/writer.js';
import type { CollectionSpec } from '../catalog/collection-spec.js';
import { ElmoError } from '../errors.js';
import { openScope } from '../expression/scope.js';
import { compileFilter } from '../query/compile.js';
import type { FilterNode, Matcher } from '../query/filter.js';
import { parseFilter } from '../query/parse.js';

interface CompiledValidator {
  readonly node: FilterNode;
  readonly matcher: Matcher;
}

const ID = new FieldName('_id');
const encodeName = (name: string): Uint8Array => new TextEncoder().encode(name);

export class Validators {
  private readonly compiled = new WeakMap<CollectionSpec, CompiledValidator>();

  constructor(
    private readonly nowMs: () => number,
    private readonly random: () => number,
  ) {}

  /** @throws ElmoError DocumentValidationFailure with the reasons in `errInfo` */
  check(spec: CollectionSpec, document: Uint8Array): void {
    if (spec.validator === undefined || spec.validationLevel === 'off') return;
    const validator = this.validatorOf(spec);
    if (validator.matcher.matches(document, 0) || spec.validationAction === 'warn') return;
    throw new ElmoError('DocumentValidationFailure', 'Document failed validation', {
      errInfo: failureDetails(document, validator.node),
    });
  }

  /** With level 'moderate' a document that did not pass before need not pass now. */
  checkChange(spec: CollectionSpec, old: Uint8Array, oldAt: number, document: Uint8Array): void {
    if (spec.validator === undefined || spec.validationLevel === 'off') return;
    if (spec.validationLevel === 'moderate' && !this.validatorOf(spec).matcher.matches(old, oldAt)) return;
    this.check(spec, document);
  }

  private validatorOf(spec: CollectionSpec): CompiledValidator {
    let validator = this.compiled.get(spec);
    if (validator === undefined) {
      const { collation } = spec;
      const scope = openScope({ collation, nowMs: this.nowMs(), random: this.random });
      const node = parseFilter(spec.validator!, { collation, scope });
      validator = { node, matcher: compileFilter(node, { collation }) };
      this.compiled.set(spec, validator);
    }
    return validator;
  }
}

function failureDetails(document: Uint8Array, node: FilterNode): Uint8Array {
  const finder = new FieldFinder();
  const id = finder.find(document, 0, ID)
    ? new Value(finder.type, document, finder.valueStart)
    : MISSING_VALUE;
  const writer = new BsonWriter();
  const start = writer.beginDocument();
  writeElement(writer, encodeName('failingDocumentId'), id);
  writer.writeName(0x03, encodeName('details'));
  const inner = writer.beginDocument();
  writer.writeName(0x02, encodeName('operatorName'));
  writer.writeText(node.kind === 'schema' ? '$jsonSchema' : `$${node.kind}`);
  writer.endDocument(inner);
  writer.endDocument(start);
  return writer.toBytes();
}
