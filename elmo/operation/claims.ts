/**
 * Which keys, and which collections, the open transactions have written. Writers look here before they write, so that two
 * open transactions never write the same, and a write outside of transactions waits for them.
 */
import { keyText } from './write-unit.js';

/** An open transaction. */
export interface ClaimOwner {
  /** Resolves when it has ended, either way. */
  readonly ended: Promise<void>;
}

export class Claims {
  private readonly owners = new Map<string, ClaimOwner>();
  private readonly users = new Map<number, Set<ClaimOwner>>();

  /** Whether there is nothing to look for. */
  get isEmpty(): boolean {
    return this.owners.size === 0;
  }

  /** Who has written a key. */
  ownerOf(key: Uint8Array): ClaimOwner | undefined {
    return this.owners.get(keyText(key));
  }

  /** @returns the text to give back by `release` */
  claim(key: Uint8Array, owner: ClaimOwner): string {
    const text = keyText(key);
    this.owners.set(text, owner);
    return text;
  }

  release(texts: Iterable<string>): void {
    for (const text of texts) this.owners.delete(text);
  }

  use(keyspace: number, owner: ClaimOwner): void {
    let users = this.users.get(keyspace);
    if (users === undefined) this.users.set(keyspace, (users = new Set()));
    users.add(owner);
  }

  /** An open transaction other than `self` that uses a collection. */
  otherUser(keyspace: number, self?: ClaimOwner): ClaimOwner | undefined {
    for (const user of this.users.get(keyspace) ?? []) if (user !== self) return user;
    return undefined;
  }

  leave(keyspaces: Iterable<number>, owner: ClaimOwner): void {
    for (const keyspace of keyspaces) {
      const users = this.users.get(keyspace);
      users?.delete(owner);
      if (users?.size === 0) this.users.delete(keyspace);
    }
  }
}
