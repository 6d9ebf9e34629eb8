/**
 * The main process of an Electron application: one file in the user's folder, handlers that the windows call over IPC, a clean
 * close before the application quits. With Electron installed: `import * as electron from 'electron'`, then
 * `await start(electron)`. What is used of it is declared here, so that this file can be run without it.
 */
import { join } from 'node:path';
import { TaskDatabase } from './database.js';

/** Of `electron`. */
export interface ElectronMain {
  readonly app: {
    whenReady(): Promise<unknown>;
    getPath(name: 'userData'): string;
    requestSingleInstanceLock(): boolean;
    on(event: 'before-quit', listener: (event: { preventDefault(): void }) => void): unknown;
    quit(): void;
  };
  readonly ipcMain: {
    handle(channel: string, listener: (event: unknown, ...args: never[]) => unknown): void;
  };
}

/** Opens the database and answers the windows. */
export async function start({ app, ipcMain }: ElectronMain): Promise<void> {
  if (!app.requestSingleInstanceLock()) return app.quit(); // one process has the file open at a time
  await app.whenReady();
  const database = await TaskDatabase.open(join(app.getPath('userData'), 'tasks.elmo'));

  ipcMain.handle('tasks:list', (_event, done?: boolean) => database.list(done));
  ipcMain.handle('tasks:add', (_event, text: string) => database.add(text));
  ipcMain.handle('tasks:finish', (_event, id: number) => database.finish(id));

  let isClosed = false;
  app.on('before-quit', (event) => {
    if (isClosed) return;
    event.preventDefault(); // quit when the file is closed, and not before
    void database.close().finally(() => {
      isClosed = true;
      app.quit();
    });
  });
}
