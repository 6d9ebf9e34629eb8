/**
 * SCRAM, the server's side of it. What is stored of a password: salt, iteration count, StoredKey and ServerKey; from those
 * nobody gets the password, nor can log in.
 *
 *   client → n,,n=user,r=nonce          server → r=nonce+ours,s=salt,i=iterations
 *   client → c=biws,r=both,p=proof      server → v=signature
 *
 * Sources: RFC 5802, RFC 7677; drivers' specification "Authentication".
 */
import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';

export type ScramMechanism = 'SCRAM-SHA-1' | 'SCRAM-SHA-256';
export const SCRAM_MECHANISMS: readonly ScramMechanism[] = ['SCRAM-SHA-256', 'SCRAM-SHA-1'];

/** What is kept of a password for one mechanism; base64 as `usersInfo` shows it. */
export interface ScramCredential {
  readonly iterationCount: number;
  readonly salt: string;
  readonly storedKey: string;
  readonly serverKey: string;
}

const HASHES = { 'SCRAM-SHA-1': 'sha1', 'SCRAM-SHA-256': 'sha256' } as const;
const KEY_BYTES = { 'SCRAM-SHA-1': 20, 'SCRAM-SHA-256': 32 } as const;
export const ITERATIONS = { 'SCRAM-SHA-1': 10_000, 'SCRAM-SHA-256': 15_000 } as const;
/** The salt fills the first block of the hash with its counter, so it is four bytes shorter than the hash. */
export const SALT_BYTES = { 'SCRAM-SHA-1': 16, 'SCRAM-SHA-256': 28 } as const;

/**
 * The password as the mechanism takes it. SHA-1 hashes name and password by MD5 first, as the protocol always has;
 * SHA-256 wants it prepared by SASLprep (RFC 4013).
 */
function preparedPassword(
  mechanism: ScramMechanism,
  user: string,
  password: string,
  saslprep: (text: string) => string,
): string {
  if (mechanism === 'SCRAM-SHA-256') return saslprep(password);
  return createHash('md5').update(`${user}:mongo:${password}`).digest('hex');
}

function hmac(hash: string, key: Uint8Array, text: string | Uint8Array): Buffer {
  return createHmac(hash, key).update(text).digest();
}

/** @param salt  of `SALT_BYTES` random bytes */
export async function makeCredential(
  mechanism: ScramMechanism,
  user: string,
  password: string,
  salt: Uint8Array,
  saslprep: (text: string) => string,
  iterationCount: number = ITERATIONS[mechanism],
): Promise<ScramCredential> {
  const hash = HASHES[mechanism];
  const salted = await new Promise<Buffer>((resolve, reject) => {
    pbkdf2(
      preparedPassword(mechanism, user, password, saslprep),
      salt,
      iterationCount,
      KEY_BYTES[mechanism],
      hash,
      (error, key) => (error === null ? resolve(key) : reject(error)),
    );
  });
  const clientKey = hmac(hash, salted, 'Client Key');
  return {
    iterationCount,
    salt: Buffer.from(salt).toString('base64'),
    storedKey: createHash(hash).update(clientKey).digest('base64'),
    serverKey: hmac(hash, salted, 'Server Key').toString('base64'),
  };
}

/** Thrown for a message that is no SCRAM, or a wrong proof; the reply only says that it failed. */
export class ScramError extends Error {
  override readonly name = 'ScramError';
}

/** One conversation. `start` then `finish`; the user's credential is looked up in between by the caller. */
export class ScramConversation {
  private firstBare = '';
  private serverFirst = '';
  private nonce = '';
  private credential: ScramCredential | undefined;

  constructor(readonly mechanism: ScramMechanism) {}

  /** Reads the client's first message. @returns the name of the user */
  start(message: string): string {
    const match = /^(?:n|y|p=[^,]*),(?:a=[^,]*)?,(n=([^,]*),r=([^,]+).*)$/s.exec(message);
    if (match === null) throw new ScramError('malformed first message');
    this.firstBare = match[1]!;
    this.nonce = match[3]!;
    return match[2]!.replaceAll('=2C', ',').replaceAll('=3D', '=');
  }

  /** @param serverNonce  fresh random text @returns the server's first message */
  challenge(credential: ScramCredential, serverNonce: string): string {
    this.credential = credential;
    this.nonce += serverNonce;
    this.serverFirst = `r=${this.nonce},s=${credential.salt},i=${credential.iterationCount}`;
    return this.serverFirst;
  }

  /** Checks the client's proof. @returns the server's last message @throws ScramError */
  finish(message: string): string {
    const match = /^(c=([^,]+),r=([^,]+)(?:,[^p][^,]*)*),p=([A-Za-z0-9+/=]+)$/.exec(message);
    const { credential } = this;
    if (match === null || credential === undefined) throw new ScramError('malformed final message');
    const [, withoutProof, , nonce, proofText] = match as unknown as [string, string, string, string, string];
    const hash = HASHES[this.mechanism];
    const authMessage = `${this.firstBare},${this.serverFirst},${withoutProof}`;
    const storedKey = Buffer.from(credential.storedKey, 'base64');
    const signature = hmac(hash, storedKey, authMessage);
    const proof = Buffer.from(proofText, 'base64');
    if (proof.length !== signature.length || nonce !== this.nonce) throw new ScramError('wrong proof');
    const clientKey = proof.map((byte, i) => byte ^ signature[i]!);
    const computed = createHash(hash).update(clientKey).digest();
    if (!timingSafeEqual(computed, storedKey)) throw new ScramError('wrong proof');
    return `v=${hmac(hash, Buffer.from(credential.serverKey, 'base64'), authMessage).toString('base64')}`;
  }
}
