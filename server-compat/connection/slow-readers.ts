/**
 * Clients that do not read what they were sent. Each holds one reply, so that together they hold as much as there are of
 * them; beyond a limit the one that has waited longest is let go.
 */

export interface SlowReader {
  destroy(): void;
}

export class SlowReaders {
  /** In the order they began to wait, with the bytes they have not read. */
  private readonly waiting = new Map<SlowReader, number>();
  private bytes = 0;

  /** @param maxBytes  that all of them together may leave unread */
  constructor(private readonly maxBytes: number) {}

  /** Bytes that wait for all of them. */
  get unreadBytes(): number {
    return this.bytes;
  }

  /** A client has so many bytes to read before it is served again. */
  add(reader: SlowReader, bytes: number): void {
    this.remove(reader);
    this.waiting.set(reader, bytes);
    this.bytes += bytes;
    while (this.bytes > this.maxBytes && this.waiting.size > 1) {
      const [longest] = this.waiting.keys();
      this.remove(longest!);
      longest!.destroy();
    }
  }

  /** It has read them, or has gone. */
  remove(reader: SlowReader): void {
    this.bytes -= this.waiting.get(reader) ?? 0;
    this.waiting.delete(reader);
  }
}
