/**
 * What a stage is: parsed once (`StageOperator.parse`), then opened on the rows of the stage before it. The types that
 * all stages share; which there are is in `table.ts`.
 */
import type { OrderedKv } from '../../lsm/index.js';
import type { Value } from '../bson/value.js';
import type { Namespace } from '../catalog/collection-spec.js';
import type { Frame, ParseScope } from '../expression/expression.js';
import type { Operation } from '../operation/operation.js';
import type { RowSource } from '../operation/row-source.js';
import type { Collections, PipelineWriting } from './collections.js';

/** The kind of pipeline a stage stands in: of the command, or within the stage of that name. */
export type PipelineKind = 'command' | '$facet' | '$lookup' | '$unionWith' | 'view';

/** What is known where a stage is looked at. */
export interface LookContext {
  /** What the pipeline runs on; `collection` is '' for a whole database. */
  readonly namespace: Namespace;
  readonly kind: PipelineKind;
  /** Pipelines around this one. */
  readonly depth: number;
  /** Told of each collection whose rows a stage joins to its own. */
  readonly joins?: ((namespace: Namespace) => void) | undefined;
  /** Looks at the pipeline of a stage that has one (`StageOperator.look`). @param array  the stages */
  lookAtPipeline(array: Value, context: LookContext): void;
}

/** What is known where a stage is parsed. */
export interface StageContext extends LookContext {
  readonly scope: ParseScope;
  /** For stages that need to know of collections, or read them. */
  readonly collections: Collections;
  /** Parses the pipeline of a stage that has one. @param array  the stages */
  parsePipeline(array: Value, context: StageContext): Pipeline;
}

/** What accompanies a running pipeline. */
export interface PipelineRun {
  readonly operation: Operation;
  /**
   * Where expressions are evaluated. All stages of a pipeline share it, for the variables in its slots; each sets its
   * document after it has pulled.
   */
  readonly frame: Frame;
  readonly allowDiskUse: boolean;
  /** Names of `{$meta: …}` that any of the stages asks for. */
  readonly metadata: ReadonlySet<string>;
  /** What a blocking stage may hold in memory; `MAX_STAGE_BYTES` unless given. */
  readonly maxStageBytes?: number;
  /** For stages that write; only pipelines of a command may have such. */
  readonly writing?: PipelineWriting;
  /** Where rows go that do not fit into memory. */
  readonly kv: OrderedKv;
  readonly collections: Collections;
}

/** A parsed stage. */
export interface Stage {
  /** With its dollar. */
  readonly name: string;
  /** The argument as `explain` shows it. */
  readonly argument: Value;
  /**
   * The rows it makes of those of `input`, which it owns from now on.
   */
  open(input: RowSource, run: PipelineRun): RowSource;
  /**
   * Adds what it reads of its rows: paths, or `''` for the whole.
   * @returns whether nothing else of the row is seen by later stages
   */
  addDependencies(into: Set<string>): boolean;
  /** Paths it may change; undefined: any. `[]` of stages that only drop or order rows. */
  readonly changedPaths: readonly string[] | undefined;
  /** If `changedPaths` is undefined: paths that stay as they are, with all below them. */
  readonly keptPaths?: readonly string[] | undefined;
  /** Names of fields that are other fields as they were, with the names of those. */
  readonly renames?: ReadonlyMap<string, string> | undefined;
  /** Whether each row gives exactly one row, by itself: such a stage may change places with `$limit` and `$skip`. */
  readonly isOneToOne: boolean;
  /** Whether there may be rows with which it does nothing but fail; undefined: yes. */
  readonly mayFail?: boolean;
  /** Whether it makes its rows itself and reads no collection before it. */
  readonly makesRows?: boolean;
  /** Whether on a view it tells of the view itself. */
  readonly ignoresViews?: boolean;
  /** Where all it reads of rows are values at some paths: these. It takes them as codes too (`takeCoded`). */
  readonly codedPaths?: readonly string[] | undefined;
  /**
   * This stage and the one after it in one.
   * @returns undefined if they stay two
   */
  absorb?(next: Stage): Stage | undefined;
  /** Of stages that add rows: the same with rows that have been through what each row goes through by itself. */
  through?(stage: Stage): Stage;
}

/** A parsed pipeline, ready to be opened as often as needed. */
export interface Pipeline {
  readonly stages: readonly Stage[];
  readonly context: StageContext;
}

/** One row of the table of stages. */
export interface StageOperator {
  /**
   * @param argument  what stands right of the name
   * @param name  with its dollar
   * @returns the stages it stands for: one, except for short forms
   * @throws ElmoError of the reference's code
   */
  parse(argument: Value, context: StageContext, name: string): readonly Stage[];
  /**
   * What is told of the stage before any stage of its pipeline is parsed; for those that name other collections or have
   * pipelines of their own.
   * @throws ElmoError of the reference's code
   */
  look?(argument: Value, context: LookContext): void;
  /** 'first': makes rows of its own; 'last': writes them somewhere. */
  readonly position?: 'first' | 'last';
  /** Pipelines it may not stand in, beside those that `position` forbids. */
  readonly forbiddenIn?: readonly PipelineKind[];
  /** Whether it may run without a collection (`aggregate: 1`): 'only' if it must. */
  readonly onDatabase?: 'allowed' | 'only';
}

/** Names with their dollar. */
export type StageOperators = Readonly<Record<string, StageOperator>>;
