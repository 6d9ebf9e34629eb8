/** A tree at work: what projections and stages share when they run. */
import type { BsonWriter } from '../bson/writer.js';
import { Frame } from '../expression/expression.js';
import type { RowMetadata } from '../operation/row-source.js';
import type { Application, ProjectionNode } from './tree.js';
import type { Projection, Reshape } from './projection.js';

export interface TreeFacts {
  readonly requiredPaths: readonly string[] | undefined;
  readonly readPaths?: readonly string[] | undefined;
  readonly changedPaths: readonly string[] | undefined;
  readonly keptPaths?: readonly string[] | undefined;
  readonly renames?: ReadonlyMap<string, string>;
  readonly metaNames: readonly string[];
  readonly mayFail?: boolean;
  readonly needsMatchedIndex?: boolean;
  readonly keepsRecord: boolean;
}

export class TreeProjection implements Projection, Reshape {
  readonly requiredPaths: readonly string[] | undefined;
  readonly readPaths: readonly string[] | undefined;
  readonly changedPaths: readonly string[] | undefined;
  readonly keptPaths: readonly string[] | undefined;
  readonly renames: ReadonlyMap<string, string> | undefined;
  readonly metaNames: readonly string[];
  readonly mayFail: boolean;
  readonly needsMatchedIndex: boolean;
  readonly keepsRecord: boolean;
  private readonly frame = new Frame();
  private readonly application: Application = {
    frame: this.frame,
    matchedIndex: -1,
    isPositionalPending: false,
    positionalFault: undefined,
  };

  constructor(
    private readonly root: ProjectionNode,
    facts: TreeFacts,
  ) {
    this.requiredPaths = facts.requiredPaths;
    this.readPaths = facts.readPaths;
    this.changedPaths = facts.changedPaths;
    this.keptPaths = facts.keptPaths;
    this.renames = facts.renames;
    this.metaNames = facts.metaNames;
    this.mayFail = facts.mayFail ?? true;
    this.needsMatchedIndex = facts.needsMatchedIndex === true;
    this.keepsRecord = facts.keepsRecord;
  }

  apply(bytes: Uint8Array, at: number, into: BsonWriter, metadata?: RowMetadata, matchedIndex = -1): void {
    const { frame, application } = this;
    frame.setDocument(bytes, at);
    frame.setMetadata(metadata);
    application.matchedIndex = matchedIndex;
    application.isPositionalPending = this.needsMatchedIndex;
    application.positionalFault = undefined;
    this.root.writeDocument(bytes, at, into, application);
    if (application.positionalFault !== undefined) throw application.positionalFault;
  }
}
