/** What the server's log says of clients that come and go. */
import type { EngineFacts } from '../../elmo/index.js';
import type { Connection, Dispatcher } from './connection.js';

/** @param state  whose log it is */
export function connectionLog(state: EngineFacts['state']): Pick<Dispatcher, 'greeted' | 'left'> {
  const note = (event: string, { connectionId, remote }: Connection, connectionCount: number): void => {
    if (!state.isQuiet) state.eventLog.add('NETWORK', event, { remote, connectionId, connectionCount });
  };
  return {
    greeted: (connection, count) => note('Connection accepted', connection, count),
    left: (connection, count) => note('Connection ended', connection, count),
  };
}
