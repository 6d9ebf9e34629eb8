/** Objects whose unknown properties are found by their names: databases and collections. */

/** @param find  gives what stands for a name that `object` itself does not have */
export function byName<T extends object>(object: T, find: (name: string) => unknown): T {
  const found = new Map<string, unknown>();
  return new Proxy(object, {
    get(target, name) {
      if (typeof name === 'symbol' || name in target || isPrivate(name))
        return Reflect.get(target, name, target) as unknown;
      if (!found.has(name)) found.set(name, find(name));
      return found.get(name);
    },
    has: (target, name) => name in target,
  });
}

/** What starts with a line is nobody's collection by accident, and a promise asks for 'then'. */
function isPrivate(name: string): boolean {
  return (
    name === '' || name.startsWith('_') || name === 'then' || name === 'toJSON' || name === 'constructor'
  );
}
