/** The official driver, which is no part of this package: that beside it, or that of the project the command is run in. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** @param T  what of the package the caller uses. @throws Error that names the package */
export async function loadDriver<T>(folder: string = process.cwd(), name: string = 'mongodb'): Promise<T> {
  try {
    return (await import(name)) as T;
  } catch {
    // not beside this package
  }
  try {
    const path = createRequire(join(folder, 'package.json')).resolve(name);
    return (await import(pathToFileURL(path).href)) as T;
  } catch (error) {
    throw new Error(`to connect to a server the package '${name}' is needed: npm install ${name}`, {
      cause: error,
    });
  }
}
