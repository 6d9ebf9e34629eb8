/** Columns of numbers, one row per group, that grow by doubling. */

const FIRST_ROWS = 16;

export class DoubleColumn {
  values: Float64Array = new Float64Array(FIRST_ROWS);

  /** Makes room for the row; new rows are 0. */
  reserve(row: number): void {
    if (row < this.values.length) return;
    const values = new Float64Array(Math.max(row + 1, this.values.length * 2));
    values.set(this.values);
    this.values = values;
  }

  clear(): void {
    this.values = new Float64Array(FIRST_ROWS);
  }

  get heldBytes(): number {
    return this.values.byteLength;
  }
}

export class ByteColumn {
  values: Uint8Array = new Uint8Array(FIRST_ROWS);

  /** Makes room for the row; new rows are 0. */
  reserve(row: number): void {
    if (row < this.values.length) return;
    const values = new Uint8Array(Math.max(row + 1, this.values.length * 2));
    values.set(this.values);
    this.values = values;
  }

  clear(): void {
    this.values = new Uint8Array(FIRST_ROWS);
  }

  get heldBytes(): number {
    return this.values.byteLength;
  }
}
