import type { ConnectCommand } from './connect-command.js';
import type { MessageStream } from './message-streams.js';
import type { RtmpConnection } from './rtmp-connection.js';

/** Where a publish or play is: a message stream of a connection that may have others. */
export interface RtmpPlace {
  readonly connection: RtmpConnection;
  readonly connect: ConnectCommand;
  readonly stream: MessageStream;
  /** Whether nothing else is published or played on the connection at the moment. */
  isAlone(): boolean;
  /** Asks the client to reconnect to this tcUrl, once in each sweep for all that is on the connection. */
  askToReconnect(tcUrl: string, sweep: number): void;
  /** Ends it from our side: says the last words, and closes the connection where nothing else is on it. */
  leave(reason: string, text: string, ...lastWords: readonly Buffer[]): void;
}
