/** A dotted path that leads through documents alone. */
import { LayoutFinder } from '../bson/layout.js';
import { MISSING, OBJECT } from '../bson/types.js';
import { FieldFinder, FieldName } from '../bson/walk.js';

/** Whether all parts of the path are names. */
export function isPlain(path: string): boolean {
  return path !== '' && !path.startsWith('.') && !path.endsWith('.') && !path.includes('..');
}

export class PlainPath {
  readonly names: readonly FieldName[];
  /** Of the value found, or `MISSING`. */
  type: number = MISSING;
  valueStart = 0;
  private readonly first: LayoutFinder;
  private readonly finder = new FieldFinder();

  /** @param path  plain */
  constructor(path: string) {
    this.names = path.split('.').map((name) => new FieldName(name));
    this.first = new LayoutFinder(this.names[0]!);
  }

  /** @returns false where the path leads through an array, or past a value that is no document */
  read(bytes: Uint8Array, at: number): boolean {
    const { first, finder, names } = this;
    first.find(bytes, at);
    this.type = first.type;
    this.valueStart = first.valueStart;
    for (let i = 1; i < names.length && this.type !== MISSING; i++) {
      if (this.type !== OBJECT) return false;
      finder.find(bytes, this.valueStart, names[i]!);
      this.type = finder.type;
      this.valueStart = finder.valueStart;
    }
    return true;
  }
}
