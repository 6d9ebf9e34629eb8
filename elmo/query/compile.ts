/** From a tree of `FilterNode`s to a matcher over raw documents. */
import type { Collation } from '../bson/compare.js';
import { FieldName } from '../bson/walk.js';
import type { CollationSpec } from '../collation/collation.js';
import { collatorOf } from '../collation/collator.js';
import { ElmoError } from '../errors.js';
import type { FilterNode, Matcher } from './filter.js';
import { compareNodes } from './order.js';
import {
  AndMatcher,
  ConstantMatcher,
  ExpressionMatcher,
  FieldMatcher,
  NotMatcher,
  ObjectPredicate,
  OrMatcher,
  PathMatcher,
  PositionalAndMatcher,
  PositionalPathMatcher,
  SchemaMatcher,
  ValuePredicate,
  type CompiledMatcher,
} from './match/matchers.js';
import { MembershipTest } from './match/membership-test.js';
import {
  AllTests,
  BitsTest,
  ElementMatchTest,
  ExistsTest,
  ModTest,
  NotTest,
  RegexTest,
  SizeTest,
} from './match/other-tests.js';
import { AlwaysTest, comparisonTest, NeverTest, TypeTest, type ValueTest } from './match/value-test.js';
import { alternativesAsWritten, conjunctionAsWritten, noneAsWritten } from './written-order.js';

export type SpecialNode = Extract<FilterNode, { kind: 'special' }>;

export interface CompileOptions {
  /** Rules for comparing strings; undefined: bytes. The one the filter was parsed with. */
  readonly collation?: CollationSpec | undefined;
  /**
   * In which order conditions are asked if some may fail: as a pipeline has written them, or as a plan has put them;
   * undefined: that of `order.ts`.
   */
  readonly order?: 'written' | 'planned' | undefined;
  /** Whether `matchedIndex` is wanted. Costs a little. */
  readonly positional?: boolean;
  /** Tests the values at the path of a geo predicate. */
  readonly specialTest?: (node: SpecialNode) => ValueTest | undefined;
}

/** @throws ElmoError IndexNotFound, BadValue if the filter asks for what only an index can answer */
export function compileFilter(node: FilterNode, options: CompileOptions = {}): Matcher {
  return new Compiler(options).matcher(node);
}

/** Whether what it asks may fail, so that the order of the asking shows. */
function holdsExpression(node: FilterNode): boolean {
  switch (node.kind) {
    case 'expr':
      return true;
    case 'and':
    case 'or':
    case 'nor':
      return node.children.some(holdsExpression);
    case 'not':
      return holdsExpression(node.child);
    default:
      return false;
  }
}

class Compiler {
  private readonly collation: Collation | undefined;
  private readonly isPositional: boolean;

  constructor(private readonly options: CompileOptions) {
    this.collation = options.collation === undefined ? undefined : collatorOf(options.collation);
    this.isPositional = options.positional === true;
  }

  matcher(node: FilterNode): CompiledMatcher {
    switch (node.kind) {
      case 'true':
      case 'false':
        return new ConstantMatcher(node.kind === 'true');
      case 'and':
        return this.conjunction(node.children);
      case 'or':
        return new OrMatcher(this.matchers(this.alternatives(node.children)));
      case 'nor':
        return new NotMatcher(new OrMatcher(this.matchers(this.none(node.children))));
      case 'not':
        return new NotMatcher(this.matcher(node.child));
      case 'expr':
        return new ExpressionMatcher(node.expression);
      case 'schema':
        return new SchemaMatcher(node.schema);
      default:
        return this.atPath(node.path, this.test(node));
    }
  }

  private matchers(nodes: readonly FilterNode[]): CompiledMatcher[] {
    return nodes.map((node) => this.matcher(node));
  }

  private conjunction(nodes: readonly FilterNode[]): CompiledMatcher {
    if (this.isPositional) return new PositionalAndMatcher(this.matchers(nodes.toSorted(compareNodes)));
    if (nodes.some(holdsExpression)) {
      const { order } = this.options;
      const isPlanned = order === 'planned';
      return new AndMatcher(
        this.matchers(
          isPlanned
            ? nodes
            : order === 'written'
              ? conjunctionAsWritten(nodes)
              : nodes.toSorted(compareNodes),
        ),
      );
    }
    const children = this.matchers(nodes);
    return new AndMatcher(children.toSorted((a, b) => a.cost - b.cost));
  }

  private alternatives(nodes: readonly FilterNode[]): readonly FilterNode[] {
    return this.options.order === 'written' && nodes.some(holdsExpression)
      ? alternativesAsWritten(nodes)
      : nodes;
  }

  private none(nodes: readonly FilterNode[]): readonly FilterNode[] {
    return this.options.order === 'written' && nodes.some(holdsExpression) ? noneAsWritten(nodes) : nodes;
  }

  private atPath(path: string, test: ValueTest): CompiledMatcher {
    if (this.isPositional) return new PositionalPathMatcher(path, test);
    return path.includes('.') ? new PathMatcher(path, test) : new FieldMatcher(new FieldName(path), test);
  }

  /** What a node asks of one value, its path aside. */
  private test(node: FilterNode): ValueTest {
    switch (node.kind) {
      case 'eq':
      case 'lt':
      case 'lte':
      case 'gt':
      case 'gte':
        return comparisonTest(node.kind, node.value, this.collation);
      case 'in':
        return new MembershipTest(node.values, node.regexes, this.collation);
      case 'regex':
        return new RegexTest(node.regex);
      case 'exists':
        return new ExistsTest();
      case 'type':
        return new TypeTest(node.types);
      case 'mod':
        return new ModTest(node.divisor, node.remainder);
      case 'size':
        return new SizeTest(node.size);
      case 'bits':
        return new BitsTest(node.test, node.positions);
      case 'elemMatchObject':
        return new ElementMatchTest(new ObjectPredicate(this.insideElements().matcher(node.child)));
      case 'elemMatchValue':
        return new ElementMatchTest(new ValuePredicate(this.allTests(node.children)));
      case 'not':
        return new NotTest(this.test(node.child));
      case 'and':
        return this.allTests(node.children);
      case 'true':
        return new AlwaysTest();
      case 'special':
        return this.specialTest(node);
      default:
        return new NeverTest();
    }
  }

  /** Where in an element a condition is met is not asked. */
  private insideElements(): Compiler {
    return this.isPositional ? new Compiler({ ...this.options, positional: false }) : this;
  }

  private allTests(nodes: readonly FilterNode[]): ValueTest {
    const tests = nodes.map((node) => this.test(node));
    return tests.length === 1 ? tests[0]! : new AllTests(tests);
  }

  private specialTest(node: SpecialNode): ValueTest {
    const test = this.options.specialTest?.(node);
    if (test !== undefined) return test;
    if (node.name === '$text') throw new ElmoError('IndexNotFound', 'text index required for $text query');
    throw new ElmoError('BadValue', `${node.name} cannot be answered here`);
  }
}
