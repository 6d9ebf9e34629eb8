/** The package as users install it, its files joined: what starts and imports are measured with. */
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { bundlePackage } from '../packaging/bundle.js';
import { projectFolder } from './peers.js';

/** Makes it inside `folder`. @returns its folder */
export async function installPackage(folder: string): Promise<string> {
  const installed = join(folder, 'installed');
  mkdirSync(installed, { recursive: true });
  cpSync(join(projectFolder(), 'package.json'), join(installed, 'package.json'));
  cpSync(join(projectFolder(), 'dist'), join(installed, 'dist'), { recursive: true });
  symlinkSync(join(projectFolder(), 'node_modules'), join(installed, 'node_modules'));
  await bundlePackage(installed);
  return installed;
}
