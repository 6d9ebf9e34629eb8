/** What is needed when a storm of connections is over (docs/decisions/0017-started-early.md). */
import * as garbage from './garbage.js';

export const lateGarbage = (): typeof garbage => garbage;
