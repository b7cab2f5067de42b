import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { FlvFile, RtmpPublisher } from '@headwater/media';
import type { DemoOrigin } from './demo-origin.js';

const SAMPLE = fileURLToPath(new URL('../../assets/demo.flv', import.meta.url));
/** Before the next origin is tried, after one refused or ended, ms. */
const RETRY_MS = 200;

/** Publishes the sample for ever over real RTMP, to the first origin that takes it, as an encoder with a list of servers would. */
export class DemoPublisher {
  readonly #origins: readonly DemoOrigin[];
  readonly #stopping = new AbortController();
  #done: Promise<void> = Promise.resolve();

  /** `origins` may still grow until `start`. */
  constructor(origins: readonly DemoOrigin[]) {
    this.#origins = origins;
  }

  start(): void {
    this.#done = this.#publishForEver();
  }

  /** Resolves when the connection is closed. Never rejects. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#done;
  }

  async #publishForEver(): Promise<void> {
    const file = await FlvFile.read(SAMPLE);
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const origin = this.#origins.find((each) => each.isRunning);
      if (origin === undefined) return;
      try {
        const publisher = await RtmpPublisher.open(`rtmp://127.0.0.1:${origin.config.ports.rtmp}/live/demo`, {
          agent: 'headwater demo',
        });
        await publisher.pace(file.loop(), signal);
        await publisher.close();
      } catch {
        // The origin went, or went away under us: the next round takes one that runs.
        await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
      }
    }
  }
}
