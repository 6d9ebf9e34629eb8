/** Files of names, one a line. */
import { readFileSync } from 'node:fs';

/** Lines that are not empty, without blanks around them. @throws Error */
export function linesOf(path: string): string[] {
  return readFileSync(path, 'utf8')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
