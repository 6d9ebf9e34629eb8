/** Which collections a command is about, and under what names they go in: flags as mongorestore has them. */
import { UsageError } from '../errors.js';

export interface NamespaceFlags {
  readonly db?: string;
  readonly collection?: string;
  readonly nsInclude?: readonly string[];
  readonly nsExclude?: readonly string[];
  readonly nsFrom?: readonly string[];
  readonly nsTo?: readonly string[];
}

/** A collection's name before and after. */
export interface Chosen {
  readonly db: string;
  readonly collection: string;
}

/** A pattern, and what each of its groups is called: '*', or the name of a variable. */
interface Pattern {
  readonly regex: RegExp;
  readonly groups: readonly string[];
}

export class NamespaceChoice {
  private readonly included: readonly Pattern[];
  private readonly excluded: readonly Pattern[];
  private readonly renames: readonly (readonly [from: Pattern, to: string])[];

  /** @throws UsageError when as many new names as old ones are not given */
  constructor({ nsInclude = [], nsExclude = [], nsFrom = [], nsTo = [] }: NamespaceFlags) {
    if (nsFrom.length !== nsTo.length) throw new UsageError('every --nsFrom needs its --nsTo');
    this.included = nsInclude.map(patternOf);
    this.excluded = nsExclude.map(patternOf);
    this.renames = nsFrom.map((from, i) => [patternOf(from), nsTo[i]!]);
  }

  /** @returns the name it goes in under; undefined: it does not */
  choose(db: string, collection: string): Chosen | undefined {
    const name = `${db}.${collection}`;
    const matches = ({ regex }: Pattern): boolean => regex.test(name);
    if (this.included.length > 0 && !this.included.some(matches)) return undefined;
    if (this.excluded.some(matches)) return undefined;
    for (const [{ regex, groups }, to] of this.renames) {
      const parts = regex.exec(name);
      if (parts === null) continue;
      const stars = groups.flatMap((group, i) => (group === '*' ? [parts[i + 1]!] : []));
      const renamed = to.replace(/\*|\$[^$.]*\$/g, (group) =>
        group === '*' ? (stars.shift() ?? '') : (parts[groups.indexOf(group) + 1] ?? ''),
      );
      const dot = renamed.indexOf('.');
      return { db: renamed.slice(0, dot), collection: renamed.slice(dot + 1) };
    }
    return { db, collection };
  }
}

/** 'shop.*' → /^shop\.(.*?)$/; a variable, $name$, stands for anything as well. */
function patternOf(text: string): Pattern {
  const pieces = text.split(/(\*|\$[^$.]*\$)/);
  const source = pieces.map((piece, i) =>
    i % 2 === 1 ? '(.*?)' : piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'),
  );
  return { regex: new RegExp(`^${source.join('')}$`, 's'), groups: pieces.filter((_, i) => i % 2 === 1) };
}
