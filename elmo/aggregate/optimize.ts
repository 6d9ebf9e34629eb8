/**
 * Rewrites a pipeline so that it does less, with the same result: conditions move up to where rows come from, neighbours
 * become one stage, and what leads is handed to the planner.
 */
import { checkedFieldPath, firstName, pathsOverlap } from './field-path.js';
import { EMPTY_NAME } from './filter-paths.js';
import { GroupStage } from './stages/group.js';
import { LimitStage, SkipStage } from './stages/limit.js';
import { MatchStage } from './stages/match.js';
import { ReshapeStage } from './stages/reshape.js';
import { SortStage } from './stages/sort.js';
import type { Pipeline, Stage } from './stage.js';

export function optimized(pipeline: Pipeline): Pipeline {
  let stages: Stage[] = [...pipeline.stages];
  for (let isChanged = true; isChanged;) {
    const moved = withMatchesMoved(stages) ?? withUnionsLater(stages);
    const joined = withNeighboursJoined(moved ?? stages);
    isChanged = moved !== undefined || joined !== undefined;
    stages = joined ?? moved ?? stages;
  }
  return { ...pipeline, stages };
}

/** Each `$match` goes before a stage that does not change what it asks about. @returns undefined if nothing moved */
function withMatchesMoved(stages: readonly Stage[]): Stage[] | undefined {
  for (let i = 1; i < stages.length; i++) {
    const [before, match] = [stages[i - 1]!, stages[i]!];
    if (!(match instanceof MatchStage) || match.isEmpty || !canBePassed(before)) continue;
    const [moved, left] = match.split((path) => pathBefore(path, before));
    if (moved === undefined) continue;
    return [
      ...stages.slice(0, i - 1),
      moved,
      before,
      ...(left === undefined ? [] : [left]),
      ...stages.slice(i + 1),
    ];
  }
  return undefined;
}

/** What each row goes through by itself goes before a `$unionWith`, and into its pipeline. */
function withUnionsLater(stages: readonly Stage[]): Stage[] | undefined {
  for (let i = 1; i < stages.length; i++) {
    const [before, stage] = [stages[i - 1]!, stages[i]!];
    if (before.through === undefined) continue;
    if (stage instanceof ReshapeStage || (stage instanceof MatchStage && !stage.isEmpty))
      return [...stages.slice(0, i - 1), stage, before.through(stage), ...stages.slice(i + 1)];
  }
  return undefined;
}

/** The path at which a stage that can be passed finds what it leaves at `path`; undefined if it makes something of it. */
function pathBefore(path: string, { changedPaths, keptPaths, renames }: Stage): string | undefined {
  const name = firstName(path);
  const source = renames?.get(name);
  if (source !== undefined) return source + path.slice(name.length);
  const isUnchanged =
    changedPaths !== undefined
      ? !changedPaths.some((other) => pathsOverlap(path, other))
      : keptPaths!.some((kept) => path === kept || path.startsWith(`${kept}.`));
  return isUnchanged ? path : undefined;
}

/** Whether dropping rows before this stage is the same as dropping them after it, as far as it does not change them. */
function canBePassed(stage: Stage): boolean {
  if (stage.changedPaths === undefined) return stage.keptPaths !== undefined;
  if (stage instanceof LimitStage || stage instanceof SkipStage) return false;
  if (stage instanceof MatchStage) return false;
  if (stage instanceof SortStage) return stage.limit === 0;
  return stage.name !== '$sample';
}

function withNeighboursJoined(stages: readonly Stage[]): Stage[] | undefined {
  for (let i = 1; i < stages.length; i++) {
    const joined = stages[i - 1]!.absorb?.(stages[i]!);
    if (joined !== undefined) return [...stages.slice(0, i - 1), joined, ...stages.slice(i + 1)];
  }
  return undefined;
}

/** What of a pipeline the planner does, and what is left. */
export interface Split {
  readonly match: MatchStage | undefined;
  readonly sort: SortStage | undefined;
  readonly skip: number;
  /** 0: all. */
  readonly limit: number;
  /** Paths that the rest reads; undefined: whole documents. */
  readonly needs: readonly string[] | undefined;
  readonly rest: readonly Stage[];
}

/** @param stages  optimized */
export function splitLeading(stages: readonly Stage[]): Split {
  const rest = [...stages];
  let match: MatchStage | undefined;
  let sort: SortStage | undefined;
  let skip = 0;
  let limit = 0;
  if (rest[0] instanceof MatchStage) match = rest.shift() as MatchStage;
  if (rest[0] instanceof SortStage) {
    sort = rest.shift() as SortStage;
    limit = sort.limit;
  }
  if (limit === 0 && rest[0] instanceof SkipStage) skip = (rest.shift() as SkipStage).count;
  if (limit === 0 && rest[0] instanceof LimitStage) limit = (rest.shift() as LimitStage).limit;
  return { match, sort, skip, limit, needs: needsOf(rest), rest: withLeadingStages(rest) };
}

const PROJECTIONS: ReadonlySet<string> = new Set(['$project', '$unset']);

/** What the query before the stages does for them. */
function withLeadingStages(stages: readonly Stage[]): readonly Stage[] {
  const [first, ...others] = stages;
  if (first instanceof ReshapeStage && PROJECTIONS.has(first.name)) return [first.leading(), ...others];
  let count = 0;
  while (stages[count] instanceof GroupStage) count++;
  return stages.map((stage, i) =>
    stage instanceof GroupStage && i < count
      ? stage.leading({ isFollowed: i === count - 1 && stages.length > count })
      : stage,
  );
}

function needsOf(stages: readonly Stage[]): readonly string[] | undefined {
  const paths = new Set<string>();
  const isEnough = stages.some((stage) => stage.addDependencies(paths));
  if (!isEnough || paths.has('')) return undefined;
  const needs = [...paths];
  checkNeeds(needs, stages);
  return needs;
}

/**
 * A filter may ask for what is no path, but not where it is read by itself, unless it asks for a field beside one that a
 * stage changes: that is asked before. @throws ElmoError
 */
function checkNeeds(paths: readonly string[], stages: readonly Stage[]): void {
  const changed = stages.flatMap(({ changedPaths = [] }) =>
    changedPaths.filter((path) => path.includes('.')),
  );
  for (const path of paths.toSorted()) {
    if (path === EMPTY_NAME) checkedFieldPath('');
    const isReadAlone = !paths.some((other) => path.startsWith(`${other}.`));
    if (isReadAlone && !changed.some((other) => pathsOverlap(path, other))) checkedFieldPath(path);
  }
}
