/** Whether writes may go on: locked by `fsync` until it is unlocked as often, or refused for users altogether. */
import { ElmoError } from '../errors.js';

/** Databases whose writes go on while those of users are refused. */
const EXEMPT: ReadonlySet<string> = new Set(['admin', 'config', 'local']);

export class WriteGate {
  private locks = 0;
  private opened: Promise<void> | undefined;
  private open: () => void = () => undefined;
  /** Why writes of users are refused; undefined: they are not. */
  private refusal: string | undefined;

  /** How often it is locked. */
  get lockCount(): number {
    return this.locks;
  }

  /** @returns how often it is locked now */
  lock(): number {
    if (this.locks === 0) this.opened = new Promise((resolve) => (this.open = resolve));
    return ++this.locks;
  }

  /** @returns how often it is locked still @throws ElmoError IllegalOperation */
  unlock(): number {
    if (this.locks === 0) throw new ElmoError('IllegalOperation', 'fsyncUnlock called when not locked');
    if (--this.locks === 0) {
      this.opened = undefined;
      this.open();
    }
    return this.locks;
  }

  /** Lets go whoever waits, since there is nothing left to write to. */
  close(): void {
    this.locks = 0;
    this.opened = undefined;
    this.open();
  }

  /** Resolves when it is not locked; undefined: it is not. */
  whenOpen(): Promise<void> | undefined {
    return this.opened;
  }

  /** @throws ElmoError IllegalOperation if writes are refused for another reason */
  refuseUsers(reason: string): void {
    if (this.refusal !== undefined && this.refusal !== reason)
      throw new ElmoError(
        'IllegalOperation',
        `Cannot enable user write blocking for reason ${reason}: it is enabled for ${this.refusal}`,
      );
    this.refusal = reason;
  }

  /** @throws ElmoError IllegalOperation if writes are refused for another reason */
  admitUsers(reason: string): void {
    if (this.refusal !== undefined && this.refusal !== reason)
      throw new ElmoError(
        'IllegalOperation',
        `Cannot disable user write blocking for reason ${reason}: it is enabled for ${this.refusal}`,
      );
    this.refusal = undefined;
  }

  /** @throws ElmoError UserWritesBlocked */
  checkUser(db: string): void {
    if (this.refusal !== undefined && !EXEMPT.has(db))
      throw new ElmoError('UserWritesBlocked', 'User writes blocked');
  }
}
