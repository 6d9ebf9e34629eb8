/**
 * Doors as seen by who joins files. The bundler gives a chunk to everybody who imports a door, whichever of the door's
 * modules are meant; so imports through doors are led to the modules themselves. And what lies behind a late door
 * (docs/decisions/0015-loaded-late.md) goes to a chunk that is loaded when such a door is first passed.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import type { Plugin } from 'esbuild';
import { LATE_CHUNK } from './scripts.js';

const PASSED_ON = /^export (?:(\*)|\* as (\w+)|\{([^}]*)\}) from '([^']+)';$/gm;
const THROUGH_DOOR = /^(import|export) \{([^}]*)\} from '(\.[^']*\/index\.js)';$/gm;
/** The door of a package (elmo/bson/package.ts): each file takes from the package itself what it needs, when it needs it. */
const PACKAGE_DOOR = /(?<=^(?:import|export) \{[^}]*\} from ')\.[^']*\/package\.js(?=';$)/gm;
const LATE_DOOR = /^import \* as (\w+) from '(\.[^']+)';\s*export const (\w+) = \(\) => \1;$/m;

/** Where a name of a door comes from. */
interface Origin {
  readonly path: string;
  /** '*': all of the module. */
  readonly name: string;
}

interface Names {
  /** In the module that is named. */
  readonly theirs: string;
  readonly ours: string;
}

function namesIn(list: string): Names[] {
  return list
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
    .map((item) => {
      const [theirs, ours = theirs] = item.split(/ as /) as [string, string?];
      return { theirs, ours };
    });
}

/** Doors that have been looked through. */
class Doors {
  private readonly known = new Map<string, ReadonlyMap<string, Origin>>();

  /** @returns the origin of each name that a file passes on, by that name */
  private passedOn(path: string): ReadonlyMap<string, Origin> {
    const before = this.known.get(path);
    if (before !== undefined) return before;
    const origins = new Map<string, Origin>();
    for (const [, all, namespace, list, specifier] of readFileSync(path, 'utf8').matchAll(PASSED_ON)) {
      if (!specifier!.startsWith('.')) continue; // a package: this file is where its names come from
      const target = join(dirname(path), specifier!);
      if (all !== undefined) for (const [name, origin] of this.passedOn(target)) origins.set(name, origin);
      if (namespace !== undefined) origins.set(namespace, { path: target, name: '*' });
      for (const { theirs, ours } of namesIn(list ?? '')) origins.set(ours, this.originOf(target, theirs));
    }
    this.known.set(path, origins);
    return origins;
  }

  private originOf(path: string, name: string): Origin {
    return this.passedOn(path).get(name) ?? { path, name };
  }

  /** @returns the text of a file with its imports led past the doors */
  leadPast(path: string): string {
    const text = readFileSync(path, 'utf8').replace(PACKAGE_DOOR, 'bson');
    return text.replace(THROUGH_DOOR, (_, verb: string, list: string, door: string) =>
      namesIn(list)
        .map(({ theirs, ours }) => {
          const { path: target, name } = this.originOf(join(dirname(path), door), theirs);
          const specifier = JSON.stringify(`./${relative(dirname(path), target).split(sep).join('/')}`);
          return name === '*'
            ? `${verb} * as ${ours} from ${specifier};`
            : `${verb} { ${name} as ${ours} } from ${specifier};`;
        })
        .join('\n'),
    );
  }
}

/** Leads imports in the files below a folder past the doors. */
export function pastDoors(folder: string): Plugin {
  const doors = new Doors();
  return {
    name: 'past-doors',
    setup: ({ onLoad }) =>
      onLoad({ filter: /\.js$/ }, ({ path }) =>
        path.startsWith(resolve(folder)) ? { contents: doors.leadPast(path) } : undefined,
      ),
  };
}

export const isLateDoor = (path: string): boolean => /^late-[\w-]+\.js$/.test(basename(path));

/** @param path  of a late door. @returns the module behind it, and the name of the door's function */
function behind(path: string): { module: string; name: string } {
  const [, , specifier, name] = LATE_DOOR.exec(readFileSync(path, 'utf8')) ?? [];
  if (specifier === undefined || name === undefined) throw new Error(`${path} is not written as a late door`);
  return { module: join(dirname(path), specifier), name };
}

/** 'elmo/query/late-schema.js' → 'elmo_query_schema' */
const nameInChunk = (folder: string, path: string): string =>
  relative(resolve(folder), resolve(path))
    .replace(/late-|\.js$/g, '')
    .replace(/\W/g, '_');

/**
 * Puts what lies behind the late doors into one chunk, loaded by `require`, which waits for nothing. One, because a few large
 * files load sooner than many small ones.
 */
export function lateDoors(folder: string, doors: readonly string[]): Plugin {
  const text = doors.map(
    (path) => `export * as ${nameInChunk(folder, path)} from ${JSON.stringify(behind(path).module)};`,
  );
  return {
    name: 'late-doors',
    setup: ({ onLoad, onResolve }) => {
      onResolve({ filter: /^late$/ }, () => ({ path: join(resolve(folder), 'late.js'), namespace: 'late' }));
      onLoad({ filter: /.*/, namespace: 'late' }, () => ({ contents: text.join('\n'), resolveDir: folder }));
      onLoad({ filter: /[\\/]late-[\w-]+\.js$/ }, ({ path }) => ({
        contents: `let loaded;
export const ${behind(path).name} = () => (loaded ??= ${LATE_CHUNK}().${nameInChunk(folder, path)});`,
      }));
    },
  };
}
