import { RtmpClient } from './rtmp-client.js';
import type { Scope } from './scope.js';

/** How often what came is noted and let go, so that the test's own process stays small. */
const DRAIN_MS = 200;
/** Joining at once, as a crowd does, but not all in one tick. */
const AT_ONCE = 20;

/** Many RTMP players of one stream, of which only the times of the pictures are kept. */
export class Crowd {
  readonly #players: readonly RtmpClient[];
  readonly #times: readonly number[][];

  private constructor(scope: Scope, players: readonly RtmpClient[]) {
    this.#players = players;
    this.#times = players.map(() => []);
    const timer = setInterval(() => this.#drain(), DRAIN_MS);
    scope.defer(() => clearInterval(timer));
  }

  /** `path`: `app/stream`. */
  static async join(scope: Scope, port: number, path: string, size: number): Promise<Crowd> {
    const [app = '', stream = ''] = path.split('/');
    const players: RtmpClient[] = [];
    while (players.length < size) {
      const more = Math.min(AT_ONCE, size - players.length);
      const joined = await Promise.all(
        Array.from({ length: more }, async () => {
          const player = await RtmpClient.open(scope, port);
          await player.connect(`rtmp://127.0.0.1:${port}/${app}`);
          player.play(stream);
          return player;
        }),
      );
      players.push(...joined);
    }
    return new Crowd(scope, players);
  }

  /** Decoding times of the pictures that each player got, in order. */
  get pictureTimes(): readonly (readonly number[])[] {
    this.#drain();
    return this.#times;
  }

  get closed(): number {
    return this.#players.filter((player) => player.isClosed).length;
  }

  stopReading(): void {
    for (const { socket } of this.#players) socket.pause();
  }

  #drain(): void {
    for (const [index, player] of this.#players.entries()) {
      for (const { type, payload, timestampMs } of player.messages.splice(0)) {
        if (type === 9 && payload[1] !== 0) this.#times[index]?.push(timestampMs);
      }
    }
  }
}
