/** Which elmo this is. */
import { readFileSync } from 'node:fs';

export function ownVersion(): string {
  for (const above of ['..', '../..', '../../..']) {
    try {
      const text = readFileSync(new URL(`${above}/package.json`, import.meta.url), 'utf8');
      const { name, version } = JSON.parse(text) as { name?: string; version?: string };
      if (name === 'elmodb' && version !== undefined) return version;
    } catch {
      // further up
    }
  }
  return 'unknown';
}
