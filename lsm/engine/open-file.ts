/** From a path to an open file with its manifest: a new store, or one that is there already. */
import type { Bytes } from '../base/bytes.js';
import {
  Aes256GcmCipher,
  KEY_CHECK_BYTES,
  SALT_BYTES,
  deriveKey,
  keyCheck,
  type Cipher,
} from '../env/cipher.js';
import type { Env } from '../env/env.js';
import { SerialSyncFile } from '../env/serial-sync-file.js';
import { LsmError } from '../errors.js';
import { equalBytes } from '../base/bytes.js';
import { ManifestLog } from '../manifest/manifest-log.js';
import { STORE_ID_BYTES, readMeta, type StoreIdentity } from '../manifest/meta-slots.js';
import type { ResolvedOptions } from '../options.js';

export interface OpenFile {
  readonly file: SerialSyncFile;
  readonly manifest: ManifestLog;
  readonly cipher: Cipher | undefined;
  /** The key of the cipher, as derived; for the worker thread. */
  readonly cipherKey: Bytes | undefined;
}

/** @throws LsmError NotFound, BadOptions, NotAStore, NewerFormat, Corrupt, WrongKey, Io */
export async function openFile(path: string, env: Env, options: ResolvedOptions): Promise<OpenFile> {
  const { files } = env;
  const isThere = files.exists(path);
  if (isThere && options.errorIfExists) {
    throw new LsmError(`${path} exists already`, 'BadOptions', { file: path });
  }
  if (!isThere && (options.readOnly || !options.createIfMissing)) {
    throw new LsmError(`${path} does not exist`, 'NotFound', { file: path });
  }
  const file = new SerialSyncFile(
    files.open(path, isThere ? (options.readOnly ? 'read' : 'write') : 'create'),
  );
  try {
    const meta = readMeta(file);
    if (meta === undefined) {
      if (options.readOnly) throw new LsmError(`${path} is empty: there is no store in it yet`, 'NotAStore');
      return await createStore(file, env, options);
    }
    const { cipher, cipherKey } = cipherOf(path, env, options, meta);
    const manifest = ManifestLog.open(file, meta, cipher);
    if (!options.readOnly && !meta.isClean) {
      await manifest.confirm();
      files.syncDirectory(path);
    }
    return { file, manifest, cipher, cipherKey };
  } catch (error) {
    file.close();
    throw error;
  }
}

async function createStore(file: SerialSyncFile, env: Env, options: ResolvedOptions): Promise<OpenFile> {
  const { encryptionKey, blockBytes, tableBytes, blobBytes } = options;
  const isEncrypted = encryptionKey !== undefined;
  const storeId = new Uint8Array(STORE_ID_BYTES);
  env.random.fill(storeId);
  const keySalt = new Uint8Array(SALT_BYTES);
  let check: Bytes = new Uint8Array(KEY_CHECK_BYTES);
  let cipherKey: Bytes | undefined;
  if (encryptionKey !== undefined) {
    env.random.fill(keySalt);
    cipherKey = deriveKey(encryptionKey, keySalt);
    check = keyCheck(cipherKey);
  }
  const identity: StoreIdentity = {
    storeId,
    isEncrypted,
    keySalt,
    keyCheck: check,
    blockBytes,
    tableBytes,
    blobBytes,
  };
  const cipher = cipherKey === undefined ? undefined : new Aes256GcmCipher(cipherKey, env.random);
  const manifest = await ManifestLog.create(file, identity, cipher);
  env.files.syncDirectory(file.path);
  return { file, manifest, cipher, cipherKey };
}

/** The cipher of a file that exists. @throws LsmError WrongKey */
export function cipherOf(
  path: string,
  env: Env,
  { encryptionKey }: Pick<ResolvedOptions, 'encryptionKey'>,
  identity: StoreIdentity,
): { cipher: Cipher | undefined; cipherKey: Bytes | undefined } {
  if (!identity.isEncrypted) {
    if (encryptionKey === undefined) return { cipher: undefined, cipherKey: undefined };
    throw new LsmError(`${path} is not encrypted, but an encryption key was given`, 'WrongKey', {
      file: path,
    });
  }
  if (encryptionKey === undefined) {
    throw new LsmError(`${path} is encrypted: give its key as option encryptionKey`, 'WrongKey', {
      file: path,
    });
  }
  const cipherKey = deriveKey(encryptionKey, identity.keySalt);
  if (!equalBytes(keyCheck(cipherKey), identity.keyCheck)) {
    throw new LsmError(`the encryption key is not the one ${path} was created with`, 'WrongKey', {
      file: path,
    });
  }
  return { cipher: new Aes256GcmCipher(cipherKey, env.random), cipherKey };
}
