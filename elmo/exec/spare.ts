/** Objects used again: what is made of typed arrays takes longer to make than a short query to answer. */
export class Spare<T> {
  private readonly kept: T[] = [];

  /** @param make  a new one; @param most  so many are kept */
  constructor(
    private readonly make: () => T,
    private readonly most = 8,
  ) {}

  take(): T {
    return this.kept.pop() ?? this.make();
  }

  /** Takes back one that nobody looks at any more, and that holds on to nothing. */
  give(one: T): void {
    if (this.kept.length < this.most) this.kept.push(one);
  }
}
