/**
 * The nodes of an update's tree. `{$set: {'a.b': 1}, $inc: {'a.c': 1}}` is a tree with the field `a`, and in it the leaves
 * `b` and `c`. Nodes are applied to raw elements, given by type byte and place.
 */
import type { Run } from './run.js';

export abstract class UpdateNode {
  /**
   * Changes the element that is there.
   * @param nameStart  where its name starts; its type byte is just before
   * @param isElement  whether it is an element of an array
   * @throws ElmoError
   */
  abstract apply(run: Run, type: number, nameStart: number, valueStart: number, isElement: boolean): void;

  /**
   * Makes the element where there is none: appends it to `run.edits.scratch`.
   * @returns whether there is one now; what was written is otherwise of no use
   * @throws ElmoError
   */
  abstract create(run: Run, name: Uint8Array): boolean;

  /**
   * Is told that the element cannot be: what should hold it is the given scalar, or an array that has no such index.
   * @param field  the name of the element
   * @throws ElmoError PathNotViable unless the node has nothing to do then
   */
  abstract refuse(run: Run, field: string, type: number, nameStart: number, valueStart: number): void;
}

/** An operator at the end of its path. */
export abstract class LeafNode extends UpdateNode {
  constructor(readonly path: string) {
    super();
  }

  /** Whether an array that is made at the path gets its elements one by one. */
  get addsElements(): boolean {
    return false;
  }
}
