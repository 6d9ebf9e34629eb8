/**
 * The reference engine, where one listens: 'host:port' in the environment's ELMO_REFERENCE, or 127.0.0.1:27117. Tests that
 * ask it are skipped, and say so, when none does.
 */
import { MongoClient } from 'mongodb';

export const REFERENCE_ADDRESS = process.env['ELMO_REFERENCE'] ?? '127.0.0.1:27117';
export const REFERENCE_URI = `mongodb://${REFERENCE_ADDRESS}/?directConnection=true&serverSelectionTimeoutMS=2000`;

/** For `before`. @returns a client, which the caller closes; it does not return where none listens */
export async function referenceOrSkip(context: Mocha.Context): Promise<MongoClient> {
  try {
    return await MongoClient.connect(REFERENCE_URI);
  } catch {
    process.stdout.write(`    (skipped: no reference engine listens on ${REFERENCE_ADDRESS})\n`);
    context.skip();
  }
}
