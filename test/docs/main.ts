/** `npm run docs`: writes the generated pages. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from '../support/source-tree.js';
import { compatibilityPage } from './compatibility.js';

writeFileSync(join(projectFolder(), 'docs', 'COMPATIBILITY.md'), compatibilityPage());
