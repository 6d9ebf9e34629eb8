/** `npm run docs`: writes the generated pages, and what is generated on others. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from '../support/source-tree.js';
import { compatibilityPage } from './compatibility.js';
import { withConnectOptions } from './connect-options.js';

writeFileSync(join(projectFolder(), 'docs', 'COMPATIBILITY.md'), compatibilityPage());
const guide = join(projectFolder(), 'docs', 'api.md');
writeFileSync(guide, withConnectOptions(readFileSync(guide, 'utf8')));
